/**
 * What a run does next, from its plan and from what it has done. Pure.
 *
 * A resource is written when all that it depends on is done; one that is not to be deployed counts as done. Who depends on what failed is never
 * written; everything else goes on. What Complete mode deletes is written down as steps, and treated as they are.
 */
import type { DeploymentError, DeploymentStep } from "@hostrouting/domain";
import type { PlannedResource } from "@hostrouting/template";

/** The next things to do. `Finish`: all is done, or was never to be. */
export type NextSteps =
  | {
      readonly kind: "Work";
      readonly write: readonly PlannedResource[];
      readonly remove: readonly DeploymentStep[];
      readonly follow: readonly DeploymentStep[];
    }
  | { readonly kind: "Finish" }
  | { readonly kind: "Fail"; readonly error: DeploymentError };

/** The key of the step that writes a resource. */
export function stepKey(resource: Pick<PlannedResource, "id">): string {
  return resource.id.toLowerCase();
}

/** Whether a planned resource is written at all. */
export function isWritten(resource: Pick<PlannedResource, "condition" | "existing">): boolean {
  return resource.condition && !resource.existing;
}

/** Whether a template has a resource: Complete mode keeps it then. One whose condition is false counts as not named. */
export function isNamed(resource: Pick<PlannedResource, "condition">): boolean {
  return resource.condition;
}

const FAILED_MESSAGE =
  "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.";

/** The error of a run of which steps failed. */
export function deploymentFailed(details: readonly DeploymentError[]): DeploymentError {
  return { code: "DeploymentFailed", message: FAILED_MESSAGE, details };
}

function failures(steps: readonly DeploymentStep[]): readonly DeploymentError[] {
  return steps.flatMap(({ state, error, target }) => {
    if (state !== "Failed" || error === undefined) return [];
    return [{ ...error, ...(target && { target: target.id }) }];
  });
}

/** Decides. */
export function decideSteps(plan: readonly PlannedResource[], steps: readonly DeploymentStep[]): NextSteps {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const written = plan.filter(isWritten);
  const known = new Set(written.map(stepKey));
  const isDone = (id: string): boolean => !known.has(id.toLowerCase()) || byKey.get(id.toLowerCase())?.state === "Succeeded";
  const write = written.filter((resource) => {
    const step = byKey.get(stepKey(resource));
    const isOpen = step === undefined || (step.state === "Running" && step.followUrl === undefined);
    return isOpen && resource.dependsOn.every(isDone);
  });
  const running = steps.filter((step) => step.state === "Running");
  const follow = running.filter((step) => step.followUrl !== undefined);
  const remove = running.filter((step) => step.kind === "Delete" && step.followUrl === undefined);
  if (write.length > 0 || remove.length > 0 || follow.length > 0) return { kind: "Work", write, remove, follow };
  const failed = failures(steps);
  return failed.length > 0 ? { kind: "Fail", error: deploymentFailed(failed) } : { kind: "Finish" };
}
