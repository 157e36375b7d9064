/** One request for one step of a run, recorded before and after. */
import type { DeploymentStep } from "@hostrouting/domain";
import { resolveResource, type PlannedResource, type ResolvedBody } from "@hostrouting/template";
import type { StepProgress } from "@hostrouting/store";
import { stepKey } from "./decide-steps.ts";
import { judgeFollow, judgeWrite, type Outcome } from "./judge-reply.ts";
import { redactError } from "./redact-error.ts";
import { resolveReferences, type Resolved } from "./resolve-references.ts";
import { resourceUrl } from "./resource-url.ts";
import { asDeployer, type RunContext, type RunDeps } from "./run-context.ts";

/** 300 times two seconds: ten minutes in which nothing was to be learnt. */
const UNANSWERED_MAX = 300;
/** Between two tries of what is held up by an operation that is under way. */
const CONFLICT_WAIT_MS = 2_000;

/** Writes what became of a step; nothing more happens when the run is not ours any more. */
async function record(deps: RunDeps, run: RunContext, step: StepProgress): Promise<boolean> {
  return (await deps.store().deployments.record(run.lease, { steps: [step] })) === "Recorded";
}

async function settle(deps: RunDeps, run: RunContext, { step, outcome }: { step: StepProgress; outcome: Outcome }): Promise<void> {
  const { kind, status } = outcome;
  if (kind === "Unanswered" && (run.unanswered.get(step.key) ?? 0) < UNANSWERED_MAX) {
    run.unanswered.set(step.key, (run.unanswered.get(step.key) ?? 0) + 1);
    run.waitUntil.set(step.key, deps.clock.now() + outcome.retryAfterMs);
    return;
  }
  run.unanswered.delete(step.key);
  run.waitUntil.delete(step.key);
  const said = { ...step, statusCode: status };
  if (kind === "Running") {
    run.waitUntil.set(step.key, deps.clock.now() + outcome.retryAfterMs);
    if (step.followUrl !== outcome.followUrl) await record(deps, run, { ...said, state: "Running", followUrl: outcome.followUrl });
    return;
  }
  if (kind === "Succeeded") await record(deps, run, { ...said, state: "Succeeded" });
  else await record(deps, run, { ...said, state: "Failed", error: outcome.error });
}

/**
 * Of a request that may have been made before (its reply was lost, or its process died) a conflict tells nothing: what is under way may be what it
 * began. The same request is made again once that is over.
 */
function afterRepeat(outcome: Outcome): Outcome {
  return outcome.kind === "Failed" && outcome.status === 409 ? { ...outcome, kind: "Unanswered", retryAfterMs: CONFLICT_WAIT_MS } : outcome;
}

function withoutSecrets(outcome: Outcome, sent: ResolvedBody): Outcome {
  return "error" in outcome ? { ...outcome, error: redactError(outcome.error, sent) } : outcome;
}

/** A step that begins. */
export function newStep(given: Pick<StepProgress, "key" | "id" | "kind" | "target">): StepProgress {
  return { ...given, state: "Running", statusCode: undefined, error: undefined, followUrl: undefined };
}

async function bodyOf(deps: RunDeps, run: RunContext, resource: PlannedResource): Promise<Resolved<ResolvedBody>> {
  if (!resource.deferred) return { value: resource };
  return resolveReferences((known) => resolveResource(run.plan, resource, known), asDeployer(deps, run));
}

/** Writes a resource. `begun`: its step, when it was begun before. */
export async function writeResource(
  deps: RunDeps,
  run: RunContext,
  { resource, begun }: { resource: PlannedResource; begun: DeploymentStep | undefined },
): Promise<void> {
  const { id, type: resourceType, name: resourceName, apiVersion } = resource;
  const target = { id, resourceType, resourceName, apiVersion };
  const step = begun ?? newStep({ key: stepKey(resource), id: deps.newId(), kind: "Create", target });
  if (begun === undefined && !(await record(deps, run, step))) return;
  const resolved = await bodyOf(deps, run, resource);
  if ("error" in resolved) return settle(deps, run, { step, outcome: { kind: "Failed", status: 400, error: resolved.error } });
  const url = resourceUrl(id, apiVersion);
  const { body, securePaths } = resolved.value;
  const reply = await asDeployer(deps, run, securePaths)({ method: "PUT", url, body });
  const outcome = withoutSecrets(judgeWrite(reply, url), resolved.value);
  await settle(deps, run, { step, outcome: begun === undefined ? outcome : afterRepeat(outcome) });
}

/** Deletes what a template in Complete mode does not name. What is gone already is deleted. */
export async function removeResource(deps: RunDeps, run: RunContext, step: DeploymentStep): Promise<void> {
  const { id, apiVersion } = step.target ?? { id: step.key, apiVersion: "" };
  const url = resourceUrl(id, apiVersion);
  const reply = await asDeployer(deps, run)({ method: "DELETE", url });
  await settle(deps, run, { step, outcome: reply.status === 404 ? { kind: "Succeeded", status: 204 } : judgeWrite(reply, url) });
}

/** Asks how far an accepted request is. */
export async function followStep(deps: RunDeps, run: RunContext, step: DeploymentStep): Promise<void> {
  const url = step.followUrl ?? "";
  const reply = await asDeployer(deps, run)({ method: "GET", url });
  const isGone = step.kind === "Delete" && reply.status === 404;
  await settle(deps, run, { step, outcome: isGone ? { kind: "Succeeded", status: 204 } : judgeFollow(reply, url) });
}
