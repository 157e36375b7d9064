/**
 * One round over one run: extend the lease, read what was done, decide, do, record. The round is its own retry: whatever process dies at whatever
 * line, the next holder finds what was written and goes on from there, with requests that may be repeated.
 */
import type { DeploymentLease, DeploymentStep } from "@hostrouting/domain";
import { planTemplate, type TemplatePlan } from "@hostrouting/template";
import type { Principal } from "../arm/principal.ts";
import { decideSteps } from "./decide-steps.ts";
import { toTemplateInput, type DeploymentInput } from "./deployment-input.ts";
import { problemsError } from "./resolve-references.ts";
import type { AcceptedRun, RunContext, RunDeps } from "./run-context.ts";
import { endRun, finishRun } from "./run-end.ts";
import { followStep, removeResource, writeResource } from "./run-step.ts";

/** For how long a holder may be silent; its rounds take a few seconds at most. */
export const LEASE_MS = 15_000;
/** A third of the lease: two rounds may be lost. */
const REST_MS_MAX = LEASE_MS / 3;
/** Requests at once for one run. */
const PARALLEL_MAX = 5;

/** What this process knows of a run that it holds; `context` is there from the first round on. */
export type HeldRun = { readonly lease: DeploymentLease; readonly accepted: AcceptedRun | undefined; context?: RunContext };

const SECRETS_LOST = {
  code: "DeploymentSecretsLost",
  message:
    "The process that carried this deployment out has ended, and with it the values of its secure parameters, which are kept nowhere. Deploy again: what was deployed stays, and is written again without harm.",
};

function planAgain(input: DeploymentInput): TemplatePlan {
  return planTemplate(toTemplateInput(input));
}

/** Makes the context of the first round, or ends a run that cannot go on. */
async function open(deps: RunDeps, held: HeldRun): Promise<RunContext | "Over"> {
  const { lease, accepted } = held;
  const deployment = await deps.store().deployments.get(lease.deploymentId);
  if (deployment?.runId !== lease.runId) return "Over";
  if (accepted === undefined && deployment.hasSecrets) return endRun(deps, held, { state: "Failed", error: SECRETS_LOST });
  const plan = accepted?.plan ?? planAgain(deployment.input as DeploymentInput);
  if (plan.problems.length > 0) return endRun(deps, held, { state: "Failed", error: problemsError("InvalidTemplate", plan.problems) });
  const { subscriptionId, resourceGroup, mode, correlationId } = deployment;
  const principal = deployment.principal as Principal;
  return { lease, subscriptionId, resourceGroup, mode, plan, principal, correlationId, waitUntil: new Map(), unanswered: new Map() };
}

type Task = { readonly key: string; readonly work: () => Promise<void> };

function tasksOf(deps: RunDeps, run: RunContext, steps: readonly DeploymentStep[]): readonly Task[] | ReturnType<typeof decideSteps> {
  const next = decideSteps(run.plan.resources, steps);
  if (next.kind !== "Work") return next;
  const begun = new Map(steps.map((step) => [step.key, step]));
  return [
    ...next.follow.map((step) => ({ key: step.key, work: () => followStep(deps, run, step) })),
    ...next.remove.map((step) => ({ key: step.key, work: () => removeResource(deps, run, step) })),
    ...next.write.map((resource) => {
      const key = resource.id.toLowerCase();
      return { key, work: () => writeResource(deps, run, { resource, begun: begun.get(key) }) };
    }),
  ];
}

/**
 * Runs a round.
 * @returns in how many milliseconds the next one is due, or that there is none: the run has ended, or is somebody else's.
 */
export async function runRound(deps: RunDeps, held: HeldRun): Promise<number | "Over"> {
  if (!(await deps.store().deployments.extend(held.lease, LEASE_MS))) return "Over";
  const run = held.context ?? (await open(deps, held));
  if (run === "Over") return run;
  held.context = run;
  const steps = await deps.store().deployments.steps(run.lease.runId);
  const tasks = tasksOf(deps, run, steps);
  if ("kind" in tasks) {
    if (tasks.kind === "Fail") return endRun(deps, run, { state: "Failed", error: tasks.error });
    return (await finishRun(deps, run, steps)) === "Over" ? "Over" : 0;
  }
  const now = deps.clock.now();
  const dueAt = ({ key }: Task): number => run.waitUntil.get(key) ?? now;
  const due = tasks.filter((task) => dueAt(task) <= now).slice(0, PARALLEL_MAX);
  await Promise.all(due.map(({ work }) => work()));
  if (due.length > 0) return 0;
  return Math.min(REST_MS_MAX, ...tasks.map((task) => dueAt(task) - now));
}
