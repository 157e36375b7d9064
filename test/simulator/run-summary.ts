import type { SeedResult } from "./simulate-seed.ts";

/** What many seeds did together. */
export type RunSummary = {
  seeds: number;
  steps: number;
  simulatedMs: number;
  checks: number;
  readonly ended: Record<string, number>;
  readonly faults: Record<string, number>;
  readonly broken: { readonly seed: number; readonly invariant: string; readonly what: string }[];
};

/** Nothing yet. */
export const newSummary = (): RunSummary => ({ seeds: 0, steps: 0, simulatedMs: 0, checks: 0, ended: {}, faults: {}, broken: [] });

/** One of four seeds has two clusters; more than three nodes add little and cost much. */
export function mixedSize(seed: number): { readonly clusters: number; readonly nodes: number } {
  return { clusters: seed % 4 === 0 ? 2 : 1, nodes: 3 };
}

/** Adds what one seed did. */
export function addResult(summary: RunSummary, result: SeedResult): void {
  summary.seeds += 1;
  summary.steps += result.steps;
  summary.simulatedMs += result.simulatedMs;
  summary.checks += result.checks;
  for (const end of result.ended) summary.ended[end] = (summary.ended[end] ?? 0) + 1;
  for (const [kind, count] of result.faults) summary.faults[kind] = (summary.faults[kind] ?? 0) + count;
  const { seed, broken } = result;
  if (broken !== undefined) summary.broken.push({ seed, invariant: broken.invariant, what: broken.what });
}
