import type { LabStep } from "./decide-step.ts";

/** What a cluster waits for while a step of it is done, or is about to be. */
export type StepProgress =
  | { readonly kind: "Queued"; readonly step: LabStep; readonly ahead: number }
  | { readonly kind: "Doing"; readonly step: LabStep; readonly detail: string }
  | { readonly kind: "Removing" };

/** One sentence for the status. Pure. */
export function stepWords(progress: StepProgress): string {
  switch (progress.kind) {
    case "Queued":
      return `${stepTitle(progress.step)}: waits for ${progress.ahead === 1 ? "another cluster" : `${progress.ahead} other clusters`} of this machine, since clusters are made one after the other.`;
    case "Doing":
      return `${stepTitle(progress.step)}${progress.detail === "" ? "" : `: ${progress.detail}`}.`;
    case "Removing":
      return "Ends the cluster's processes and removes its namespaces, cgroups and files.";
  }
}

/** What a step is, without its end. Pure. */
export function stepTitle(step: LabStep): string {
  switch (step.kind) {
    case "Build":
      return `Makes the cluster with ${step.nodes} ${step.nodes === 1 ? "node" : "nodes"}${step.why === "" ? "" : ` anew, since ${step.why}`}`;
    case "AddNode":
      return `Adds node ${step.number} of ${step.of} to pool ${step.pool.name}`;
    case "RetireNode":
      return `Drains node ${step.node} of pool ${step.pool} and removes it`;
    case "DropNode":
      return `Removes node ${step.node}, whose processes have ended`;
  }
}
