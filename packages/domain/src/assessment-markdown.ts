import type { AssessmentReport, CapacityAmount, Forecast, ForecastChange, RuleAnswer } from "./assessment-report.ts";
import { namedAndMore } from "./named-and-more.ts";
import { visibleText } from "./visible-text.ts";

/** Names of a list that are written out; the report itself has all. */
const NAMES_SHOWN = 20;
const MIB = 1_048_576;

/** Names, reasons and messages are partly somebody else's text: nothing of it is markup here. */
function plain(text: string): string {
  return visibleText(text)
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_<>[\]|#]/g, (character) => `\\${character}`);
}

function listed(names: readonly string[]): string {
  return namedAndMore(names.map(plain), { most: NAMES_SHOWN });
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 3_600), "h"],
    [Math.floor((seconds % 3_600) / 60), "min"],
    [seconds % 60, "s"],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return said.length === 0 ? "0 s" : said.join(" ");
}

const amount = ({ cpuMilli, memoryBytes }: CapacityAmount): string => `${cpuMilli}m CPU and ${Math.round(memoryBytes / MIB)} MiB`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  `| ${head.join(" | ")} |`,
  `| ${head.map(() => "--").join(" | ")} |`,
  ...rows.map((cells) => `| ${cells.join(" | ")} |`),
];
const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ["", `## ${title}`, "", ...lines];

const SEVERITIES = { Block: "blocks", Warn: "warns", Info: "informs" } as const;

function ruleLines(rule: RuleAnswer): readonly string[] {
  const { id, title, severity, outcome, message, subjects, evidence, remedy, override } = rule;
  const about = subjects.length === 0 ? "" : ` About: ${listed(subjects)}.`;
  const seen = evidence === "" ? "" : ` Seen: ${plain(evidence)}.`;
  const allowed = override === undefined ? "" : ` Override until ${override.expiresAt}: ${plain(override.reason)}.`;
  return [
    `- **${id} ${plain(title)}** (${SEVERITIES[severity]}): ${outcome.toLowerCase()}. ${plain(message)}${about}${seen}${allowed}`,
    ...(remedy === "" ? [] : [`  ${plain(remedy)}`]),
  ];
}

function preflightLines({ rules, rulesets, mode }: AssessmentReport): readonly string[] {
  if (mode === "None") return ["Switching off asks no rule: it is never refused."];
  const told = rules.filter(({ outcome }) => outcome !== "Passed" && outcome !== "Skipped");
  const ids = (of: (rule: RuleAnswer) => boolean): string =>
    rules
      .filter(of)
      .map(({ id }) => id)
      .join(", ") || "none";
  return [
    ...table(
      ["Ruleset", "Verdict", "Blocking"],
      rulesets.map(({ ruleset, isSelected, verdict, blocking }) => [
        `${ruleset}${isSelected ? " (the policy's)" : ""}`,
        verdict,
        blocking.join(", ") || "none",
      ]),
    ),
    ...(told.length === 0 ? [] : ["", ...told.flatMap(ruleLines)]),
    "",
    `Passed: ${ids(({ outcome }) => outcome === "Passed")}.`,
    "",
    `Only agents can tell, before the first node is switched: ${ids(({ needsAgent }) => needsAgent)}.`,
    "",
    `Does not apply: ${ids(({ outcome, needsAgent }) => outcome === "Skipped" && !needsAgent)}.`,
  ];
}

function durationLines({ duration: given, because, outcome }: Forecast): readonly string[] {
  const { bestMs, worstMs, mayTimeOut, endsAtEarliest, assumptions } = given;
  const ends: Record<string, string> = {
    NothingToDo: "Every node is where it should be: nothing would be done to any.",
    Succeeded: "It would succeed.",
  };
  return [
    ends[outcome] ?? `It would not succeed (${outcome}). ${plain(because ?? "")}`.trim(),
    "",
    `- Best: ${bestMs === undefined ? "not known" : duration(bestMs)}`,
    `- Worst: ${worstMs === undefined ? "not known" : duration(worstMs)}`,
    ...(mayTimeOut ? ["- The worst is longer than `operationTimeoutMs` allows: the operation would fail by it."] : []),
    ...(endsAtEarliest === undefined ? [] : [`- Ends at the earliest: ${endsAtEarliest}, if it begins now and nobody is waited for`]),
    "",
    "What that rests on:",
    "",
    ...assumptions.map((assumption) => `- ${plain(assumption)}`),
  ];
}

function batchLines({ batches, leftOut }: Forecast): readonly string[] {
  const rows = batches.map(({ name, nodes, atOnce, startsAfterMs }) => [
    plain(name),
    String(nodes.length),
    String(atOnce),
    duration(startsAfterMs),
    listed(nodes),
  ]);
  const out = leftOut.slice(0, NAMES_SHOWN).map(({ node, reason }) => `- ${plain(node)}: ${plain(reason)}`);
  return [
    ...(rows.length === 0 ? ["No node would be switched."] : table(["Batch", "Nodes", "At once", "Starts after", "Names"], rows)),
    ...(out.length === 0 ? [] : ["", `Left out (${leftOut.length}):`, "", ...out]),
  ];
}

function windowLines({ windows }: Forecast): readonly string[] {
  const { mode, configuration, next, longestNodeMs, longestWindowMs, fits } = windows;
  if (configuration === undefined)
    return [
      mode === "Require"
        ? "The policy requires a window, and the cluster has none that counts for nodes."
        : "No maintenance window counts for nodes: they may be started at any time.",
    ];
  return [
    `\`${plain(configuration)}\` counts. One node takes ${duration(longestNodeMs)} at worst, the longest window is ${duration(longestWindowMs ?? 0)}: ${fits ? "it fits" : "it does not fit"}.`,
    ...(next.length === 0 ? [] : ["", ...next.map(({ start, end }) => `- ${start} to ${end}`)]),
  ];
}

function costLines({ disruption, blockedBudgets, capacity, usage }: Forecast): readonly string[] {
  const { nodes, unknownNodes, expectedAtMost } = disruption;
  const counted = expectedAtMost === undefined ? "not known" : `at most ${expectedAtMost}`;
  const uncounted = unknownNodes === 0 ? "" : `; on ${unknownNodes} of ${nodes} nodes nobody could count them`;
  const agents = amount({ cpuMilli: capacity.agentCpuMilli, memoryBytes: capacity.agentMemoryBytes });
  const room =
    capacity.leaving === undefined || capacity.free === undefined
      ? plain(capacity.because ?? "")
      : `Pods that leave at once ask for ${amount(capacity.leaving)}; ${amount(capacity.free)} are free elsewhere.`;
  const cost = usage.costPerDay === undefined ? "" : `, ${usage.costPerDay.amount} ${usage.costPerDay.currency}`;
  return [
    `- Connections older than 30 s that may break: ${counted}${uncounted}`,
    `- Disruption budgets that let nobody leave: ${listed(blockedBudgets.names) || "none"}${blockedBudgets.because === undefined ? "" : `. ${plain(blockedBudgets.because)}`}`,
    `- Capacity: the agents ask for ${agents}. ${room}`,
    `- Node-hours per day: ${usage.nodeHoursPerDay} (nodes: ${usage.nodes})${cost}`,
  ];
}

function changeLines({ action, apiVersion, kind, names, namespace, content, whileItRuns }: ForecastChange): readonly string[] {
  const place = namespace === undefined ? "" : ` in namespace ${plain(namespace)}`;
  const json = (value: unknown): readonly string[] => ["", "```json", JSON.stringify(value, null, 2), "```"];
  return [
    "",
    `### ${action} ${kind} (${apiVersion})${place}: ${listed(names)}`,
    ...(content === undefined ? [] : json(content)),
    ...(whileItRuns === undefined ? [] : ["", "While the node is worked on:", ...json(whileItRuns)]),
  ];
}

function forecastLines(forecast: Forecast): readonly string[] {
  const holds = forecast.holds.map(
    ({ reason, subject, message, remedy, until }) =>
      `- ${reason} (${plain(subject)})${until === undefined ? "" : `, until ${until}`}: ${plain(message)} ${plain(remedy)}`,
  );
  const [first, ...others] = forecast.changes.flatMap(changeLines);
  return [
    ...section("How it goes", durationLines(forecast)),
    ...section("Nodes", batchLines(forecast)),
    ...section("What holds it", holds),
    ...section("Maintenance windows", windowLines(forecast)),
    ...section("What it costs", costLines(forecast)),
    ...section("What changes in the cluster", first === undefined ? ["Nothing."] : others),
  ];
}

const VERDICTS = {
  Passed: "nothing blocks",
  Blocked: "blocked",
  Unknown: "not known: a rule that blocks cannot tell",
} as const;

/** A report for people, as Markdown. Lists of names end after 20, with how many more there are. Pure. */
export function assessmentMarkdown(report: AssessmentReport): string {
  const { kind, mode, driver, observedAt, nodeCount, reportingNodes, verdict, forecast } = report;
  const what = mode === "BpfVeth" ? "switched on" : "switched off";
  return [
    `# ${kind === "WhatIf" ? "What if host routing were" : "Preflight: may host routing be"} ${what}?`,
    "",
    `Looked at ${observedAt}; driver ${driver}; nodes: ${nodeCount}, with an agent that reports: ${reportingNodes}. Nothing was changed.`,
    "",
    `**Preflight: ${VERDICTS[verdict]}.**`,
    ...section("Rules", preflightLines(report)),
    ...(forecast === undefined ? [] : forecastLines(forecast)),
    "",
  ].join("\n");
}
