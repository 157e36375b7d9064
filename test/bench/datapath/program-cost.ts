import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { LoadGenerator, Traffic } from "./load-generator.ts";
import type { Path, ProgramCost } from "./report.ts";
import type { Variants } from "./variants.ts";

const STATISTICS = "/proc/sys/kernel/bpf_stats_enabled";
const VARIANT = "ours";
const TIMEOUT_MS = 10_000;

/** The kernel's own count of one program: nanoseconds and runs since it was loaded, kept only while statistics are on. */
type Count = { run_time_ns?: number; run_cnt?: number };

/**
 * Time of one run of each program on node 1, by path and traffic. A pass of its own: the kernel's statistics cost two clock readings
 * for each run, which would be in every rate.
 */
export async function measurePrograms(variants: Variants, generator: LoadGenerator, milliseconds: number): Promise<ProgramCost[]> {
  const costs: ProgramCost[] = [];
  await withStatistics(async () => {
    for (const path of ["same node", "cross node", "outside"] as const)
      for (const traffic of ["tcp-rr", "udp-rr", "tcp-crr"] as const)
        costs.push(...(await measureOne(variants, generator, { path, traffic, milliseconds })));
  });
  return costs;
}

/** Does `work` while the kernel keeps time of every program. */
export async function withStatistics(work: () => Promise<void>): Promise<void> {
  const before = readFileSync(STATISTICS, "utf8");
  writeFileSync(STATISTICS, "1");
  try {
    await work();
  } finally {
    writeFileSync(STATISTICS, before);
  }
}

async function measureOne(
  variants: Variants,
  generator: LoadGenerator,
  { path, traffic, milliseconds }: { path: Path; traffic: Traffic; milliseconds: number },
): Promise<ProgramCost[]> {
  const programs = variants.network(VARIANT).programPins(1);
  const before = programs.map(({ pin }) => countOf(pin));
  const ends = variants.of(path).find(({ name }) => name === VARIANT);
  if (!ends) throw new Error(`${path} is not measured with our programs`);
  variants.beat();
  await generator.run({ traffic, ...ends, milliseconds });
  return programs.flatMap(({ name, pin }, index) => {
    const after = countOf(pin);
    const runs = (after.run_cnt ?? 0) - (before[index]?.run_cnt ?? 0);
    const spentNs = (after.run_time_ns ?? 0) - (before[index]?.run_time_ns ?? 0);
    return runs > 0 ? [{ path, traffic, program: name, runs, nsPerRun: spentNs / runs }] : [];
  });
}

/** Of a pinned program. */
export function countOf(pin: string): Count {
  return JSON.parse(execFileSync("bpftool", ["-j", "prog", "show", "pinned", pin], { encoding: "utf8", timeout: TIMEOUT_MS })) as Count;
}
