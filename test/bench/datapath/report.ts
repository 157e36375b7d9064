import type { Spread } from "./statistics.ts";
import type { Traffic } from "./load-generator.ts";

/** Where a variant's traffic goes: between pods of one node, of two nodes, or from a pod to a host beyond. */
export type Path = "same node" | "cross node" | "outside";

/** A variant on one path with one kind of traffic. `share` is of the limit; `cpuNs` is processor time for each operation (bulk: byte). */
export type Measured = { variant: string; rate: number; share: Spread; cpuNs: number };

/** One kind of traffic on one path. `rounds` were kept, `discarded` not, for the limit had moved. */
export type Row = { path: Path; traffic: Traffic; limitRate: number; rounds: number; discarded: number; measured: Measured[] };

/** A ratio that must hold. `Unknown`: too few steady rounds to tell. */
export type Judged = {
  what: string;
  path: Path;
  traffic: Traffic;
  ratio: Spread | undefined;
  floor: number;
  goal: number | undefined;
  verdict: "Held" | "GoalMissed" | "Missed" | "Unknown";
};

/** Time of one run of a program, kernel.bpf_stats_enabled's own cost included. */
export type ProgramCost = { path: Path; traffic: Traffic; program: string; runs: number; nsPerRun: number };

/** A figure with a bound: at most, or at least. */
export type Figure = { what: string; unit: string; value: number; bound: number; sense: "most" | "least" };

/** All that one run found. */
export type Report = {
  measuredAt: string;
  machine: string;
  command: string;
  runMs: number;
  rows: Row[];
  judged: Judged[];
  programs: ProgramCost[];
  figures: Figure[];
};

/** Whether a figure is within its bound. */
export function isWithin({ value, bound, sense }: Figure): boolean {
  return sense === "most" ? value <= bound : value >= bound;
}
