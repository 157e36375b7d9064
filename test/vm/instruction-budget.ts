import { readFileSync } from "node:fs";
import path from "node:path";

/** Instructions of one program: those that the verifier walked through on all paths, and those that stand there after translation. */
export type ProgramCost = { readonly verified: number; readonly translated: number };
/** By object file, then by program. */
export type ObjectCosts = Readonly<Record<string, Readonly<Record<string, ProgramCost>>>>;
/** By series of kernels ("6.12"), since each has its own verifier. */
export type InstructionBudget = Readonly<Record<string, ObjectCosts>>;

/** The committed budget; `npm run budget` writes it anew. */
export const BUDGET_FILE = path.join(import.meta.dirname, "../../bpf/instruction-budget.json");
/** Growth within this is noise of a compiler or of a stable kernel's update. */
const GROWTH_MAX = 1.1;

/** Reads the committed budget. */
export function readBudget(): InstructionBudget {
  return JSON.parse(readFileSync(BUDGET_FILE, "utf8")) as InstructionBudget;
}

/** "6.12.117+deb12-cloud-amd64" → "6.12". */
export function seriesOf(release: string): string {
  return release.split(".").slice(0, 2).join(".");
}

/** What the budget allows on a kernel; for a series that was never measured the largest figure of any other. */
export function allowedOn(budget: InstructionBudget, series: string): ObjectCosts {
  return budget[series] ?? Object.values(budget).reduce(largest, {});
}

/** Every program that costs over 10 % more than it may, and every one that only one of both sides knows. Empty: within the budget. */
export function overBudget(allowed: ObjectCosts, measured: ObjectCosts): string[] {
  return allPrograms(allowed, measured).flatMap(([object, program]) => {
    const may = allowed[object]?.[program];
    const does = measured[object]?.[program];
    const what = `${object} ${program}`;
    if (!may) return [`${what} has no budget`];
    if (!does) return [`${what} has a budget and was not measured`];
    return (["verified", "translated"] as const)
      .filter((figure) => does[figure] > may[figure] * GROWTH_MAX)
      .map((figure) => `${what}: ${does[figure]} instructions ${figure}, ${may[figure]} allowed and a tenth more`);
  });
}

function allPrograms(...sides: ObjectCosts[]): [object: string, program: string][] {
  const names = sides.flatMap((side) =>
    Object.entries(side).flatMap(([object, programs]) => Object.keys(programs).map((program) => `${object}\0${program}`)),
  );
  return [...new Set(names)].sort((a, b) => a.localeCompare(b)).map((name) => name.split("\0") as [string, string]);
}

function largest(a: ObjectCosts, b: ObjectCosts): ObjectCosts {
  const costs: Record<string, Record<string, ProgramCost>> = {};
  for (const [object, program] of allPrograms(a, b)) {
    const both = [a[object]?.[program], b[object]?.[program]].filter((cost) => cost !== undefined);
    const most = (figure: keyof ProgramCost): number => Math.max(...both.map((cost) => cost[figure]));
    costs[object] = { ...costs[object], [program]: { verified: most("verified"), translated: most("translated") } };
  }
  return costs;
}
