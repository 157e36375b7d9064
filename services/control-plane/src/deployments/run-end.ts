/** How a run ends once nothing is left to be written: what Complete mode deletes, then outputs, then its last word. */
import type { DeploymentError, DeploymentStep } from "@hostrouting/domain";
import { resolveOutputs } from "@hostrouting/template";
import type { DeploymentEnd, StepProgress } from "@hostrouting/store";
import { CONTRACT_API_VERSION } from "../arm/api-versions.ts";
import { CLUSTER_TYPE } from "../arm/resource-ids.ts";
import { namedResources } from "./named-resources.ts";
import { listClusters, type OtherCluster } from "./other-clusters.ts";
import { resolveReferences } from "./resolve-references.ts";
import { asDeployer, type RunContext, type RunDeps } from "./run-context.ts";
import { newStep } from "./run-step.ts";

/** Writes the last word. Whether it was written, or somebody else holds the run now, there is nothing more to do. */
export async function endRun(
  deps: RunDeps,
  run: Pick<RunContext, "lease">,
  { steps = [], ...end }: DeploymentEnd & { readonly steps?: readonly StepProgress[] },
): Promise<"Over"> {
  await deps.store().deployments.record(run.lease, { steps, end });
  return "Over";
}

function removal(deps: RunDeps, { id, name }: OtherCluster): StepProgress {
  const target = { id, resourceType: CLUSTER_TYPE, resourceName: name, apiVersion: CONTRACT_API_VERSION };
  return newStep({ key: id.toLowerCase(), id: deps.newId(), kind: "Delete", target });
}

/** Clusters of the group that the template does not name and that are not being deleted yet. */
async function others(
  deps: RunDeps,
  run: RunContext,
  steps: readonly DeploymentStep[],
): Promise<readonly OtherCluster[] | DeploymentError> {
  const ask = asDeployer(deps, run);
  const found = await listClusters(ask, run);
  if ("code" in found) return found;
  const named = await namedResources(run.plan, ask);
  if (!(named instanceof Set)) return named as DeploymentError;
  const begun = new Set(steps.map(({ key }) => key));
  return found.filter(({ id }) => !named.has(id.toLowerCase()) && !begun.has(id.toLowerCase()));
}

/** All resources are done. `"Again"`: there is more to do after all. */
export async function finishRun(deps: RunDeps, run: RunContext, steps: readonly DeploymentStep[]): Promise<"Over" | "Again"> {
  if (run.mode === "Complete") {
    const left = await others(deps, run, steps);
    if ("code" in left) return endRun(deps, run, { state: "Failed", error: left });
    if (left.length > 0) {
      await deps.store().deployments.record(run.lease, { steps: left.map((one) => removal(deps, one)) });
      return "Again";
    }
  }
  const outputs = await resolveReferences((known) => resolveOutputs(run.plan, known), asDeployer(deps, run));
  const step = newStep({ key: "outputs", id: deps.newId(), kind: "EvaluateDeploymentOutput", target: undefined });
  if ("error" in outputs) {
    const error = { ...outputs.error, code: "DeploymentOutputEvaluationFailed" };
    return endRun(deps, run, { state: "Failed", error, steps: [{ ...step, state: "Failed", statusCode: 400, error }] });
  }
  const evaluated = Object.keys(outputs.value).length > 0 ? [{ ...step, state: "Succeeded" as const, statusCode: 200 }] : [];
  return endRun(deps, run, { state: "Succeeded", outputs: outputs.value, steps: evaluated });
}
