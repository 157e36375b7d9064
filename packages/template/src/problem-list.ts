import { Consequence, TemplateFault } from "./evaluation-fault.ts";
import { PROBLEMS_MAX } from "./limits.ts";
import type { JsonPath } from "./template-plan.ts";
import { invalidTemplate, type TemplateProblem } from "./template-problem.ts";

/** What is wrong with a template, as far as it was found. */
export type ProblemList = {
  readonly all: readonly TemplateProblem[];
  readonly add: (problem: TemplateProblem) => void;
  /** Computes something; a fault in it becomes a problem at the path, and undefined the answer. Throws what is no TemplateFault. */
  readonly attempt: <T>(path: string, compute: () => T) => T | undefined;
  /** Notes a fault. */
  readonly note: (fault: TemplateFault, path: string) => void;
};

/** An empty list. The same is told once, and of too many the first. */
export function problemList(): ProblemList {
  const all: TemplateProblem[] = [];
  const known = new Set<string>();
  const add = (problem: TemplateProblem): void => {
    const key = `${problem.path} ${problem.message}`;
    if (known.has(key) || all.length >= PROBLEMS_MAX) return;
    known.add(key);
    all.push(problem);
  };
  const note = (fault: TemplateFault, path: string): void => {
    if (!(fault instanceof Consequence)) add(invalidTemplate(path, fault.message));
  };
  const attempt = <T>(path: string, compute: () => T): T | undefined => {
    try {
      return compute();
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      note(error, path);
      return undefined;
    }
  };
  return { all, add, attempt, note };
}

/** A path as people read it, behind another: `resources[0]` and `["properties", "a", 1]` give `resources[0].properties.a[1]`. */
export function pathText(before: string, path: JsonPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, before);
}
