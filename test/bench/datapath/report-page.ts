import type { Traffic } from "./load-generator.ts";
import { isWithin, type Judged, type Path, type Report, type Row } from "./report.ts";
import { drawShareChart } from "./share-chart.ts";

/** How traffic is called where people read, and what its rate counts. */
export const TRAFFIC_NAMES: Readonly<Record<Traffic, string>> = {
  "tcp-rr": "TCP request/response",
  "udp-rr": "UDP request/response",
  "tcp-crr": "connect/request/close",
  "udp-flood": "UDP packets",
  "tcp-bulk": "TCP stream (bytes)",
  "udp-pace": "UDP every 10 ms",
  "udp-many": "UDP sockets",
};

const VERDICTS: Readonly<Record<Judged["verdict"], string>> = {
  Held: "held",
  GoalMissed: "held, goal missed",
  Missed: "**MISSED**",
  Unknown: "**not known**",
};

const CHARTED: readonly Traffic[] = ["tcp-rr", "udp-rr", "tcp-crr", "udp-flood"];
const PATHS: readonly Path[] = ["same node", "cross node"];
const COLORS: Readonly<Record<string, string>> = {
  "stack, 0 rules": "#8c959f",
  "stack, 100 rules": "#afb8c1",
  "stack, 1,000 rules": "#d4a72c",
  "stack, 10,000 rules": "#cf222e",
  ours: "#0969da",
  "ours, 10,000 rules": "#54aeff",
};

/** The generated part of docs/benchmarks/datapath.md: everything between its two marks. Pure. */
export function reportPage(report: Report): string {
  return [
    `\`${report.command}\`, ${report.measuredAt.slice(0, 10)}, ${report.machine}.`,
    "",
    "![Share of the limit, by path and traffic](datapath.svg)",
    "",
    ...report.rows.flatMap(pathTable(report)),
    "## Floors",
    "",
    table(
      ["Path", "Ratio", "Traffic", "Median", "Quartiles", "Floor", "Goal", "Verdict"],
      report.judged.map(({ path, what, traffic, ratio, floor, goal, verdict }) => [
        path,
        what,
        TRAFFIC_NAMES[traffic],
        ratio?.median.toFixed(3) ?? "–",
        ratio ? `${ratio.low.toFixed(2)} – ${ratio.high.toFixed(2)}` : "–",
        floor.toFixed(2),
        goal?.toFixed(2) ?? "–",
        VERDICTS[verdict],
      ]),
    ),
    "",
    ...(report.programs.length > 0 ? programSection(report) : []),
    ...(report.figures.length > 0 ? figureSection(report) : []),
  ].join("\n");
}

/** The same as bars, for the paths between pods. Pure. */
export function reportChart({ rows, measuredAt, machine }: Report): string {
  const names = Object.keys(COLORS);
  return drawShareChart({
    title: "Share of the rate between two namespaces, in per cent",
    subtitle: `Limit: one veth pair, nothing in between. ${machine}, ${measuredAt.slice(0, 10)}`,
    series: names.map((name) => ({ name, color: COLORS[name] ?? "" })),
    panels: PATHS.map((path) => ({
      title: path === "same node" ? "Pod to pod, same node" : "Pod to pod, across nodes",
      clusters: CHARTED.map((traffic) => ({
        label: TRAFFIC_NAMES[traffic],
        values: names.map((name) => shareOf(rows, { path, traffic, name })),
      })),
    })),
  });
}

function shareOf(rows: readonly Row[], { path, traffic, name }: { path: Path; traffic: Traffic; name: string }): number | undefined {
  const row = rows.find((candidate) => candidate.path === path && candidate.traffic === traffic);
  return row?.measured.find(({ variant }) => variant === name)?.share.median;
}

/** One table for each path, drawn at its first row. */
function pathTable({ rows }: Report): (row: Row) => string[] {
  return ({ path, traffic }) => {
    const ofPath = rows.filter((row) => row.path === path);
    if (ofPath[0]?.traffic !== traffic) return [];
    const names = ofPath[0].measured.map(({ variant }) => variant);
    return [
      `## ${path[0]?.toUpperCase()}${path.slice(1)}`,
      "",
      "Share of the limit (median and quartiles of the rounds kept), and processor time for each operation.",
      "",
      table(
        ["Traffic", "Limit, per s", "Rounds kept", ...names],
        ofPath.map((row) => [
          TRAFFIC_NAMES[row.traffic],
          Math.round(row.limitRate).toLocaleString("en"),
          `${row.rounds} of ${row.rounds + row.discarded}`,
          ...row.measured.map(
            ({ share, cpuNs }) =>
              `${share.median.toFixed(2)} (${share.low.toFixed(2)} – ${share.high.toFixed(2)}), ${cpuNs >= 10 ? `${(cpuNs / 1000).toFixed(1)} µs` : `${cpuNs.toFixed(2)} ns`}`,
          ),
        ]),
      ),
      "",
    ];
  };
}

function programSection({ programs }: Report): string[] {
  return [
    "## Time in the programs",
    "",
    "One run of a program on node 1 (kernel.bpf_stats_enabled, whose own two clock readings are in it), measured apart from the rates.",
    "",
    table(
      ["Path", "Traffic", "Program", "ns per packet", "Packets"],
      programs.map(({ path, traffic, program, nsPerRun, runs }) => [
        path,
        TRAFFIC_NAMES[traffic],
        program,
        nsPerRun.toFixed(0),
        runs.toLocaleString("en"),
      ]),
    ),
    "",
  ];
}

function figureSection({ figures }: Report): string[] {
  return [
    "## Figures",
    "",
    table(
      ["What", "Measured", "Bound", "Verdict"],
      figures.map((figure) => [
        figure.what,
        `${Number(figure.value.toFixed(3)).toLocaleString("en")} ${figure.unit}`.trim(),
        `${figure.sense === "most" ? "≤" : "≥"} ${figure.bound.toLocaleString("en")} ${figure.unit}`.trim(),
        isWithin(figure) ? "held" : "**MISSED**",
      ]),
    ),
    "",
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
