/** Questions about a deployment that change nothing: validate and what-if, both answered by one trial. */
import type { InternalCall, InternalReply, InternalRequest } from "../arm/internal-call.ts";
import type { Store } from "@hostrouting/store";
import type { Clock } from "@hostrouting/runtime";
import type { DeploymentError, DeploymentMode } from "@hostrouting/domain";
import type { TemplatePlan } from "@hostrouting/template";
import type { ValidationLevel } from "../arm/deployment-body.ts";
import type { Principal } from "../arm/principal.ts";
import { namedResources } from "./named-resources.ts";
import { listClusters } from "./other-clusters.ts";
import { tryRemovals, type Leftover } from "./try-removals.ts";
import { trialAsk, tryTemplate, type Tried, type TrialRun } from "./try-template.ts";

/** What a trial found. */
export type TrialResult = {
  readonly tried: readonly Tried[];
  /** What becomes of clusters of the group that the template does not name. */
  readonly leftovers: readonly Leftover[];
  /** All that was refused, with its resource as target where the fault names none. */
  readonly faults: readonly DeploymentError[];
  /** What the answer leaves out, and why; none of it is a fault of the template. */
  readonly leftOut: readonly DeploymentError[];
};

/** What is needed to ask. */
export type QuestionDeps = {
  readonly store: () => Store;
  readonly clock: Clock;
  readonly call: (call: InternalCall, request: InternalRequest) => Promise<InternalReply>;
};
/** Whose deployment, and to which group. */
export type Question = {
  readonly plan: TemplatePlan;
  readonly mode: DeploymentMode;
  readonly level: ValidationLevel;
  readonly principal: Principal;
  readonly correlationId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
};

/** Locks are held for as long; 800 resources take a few seconds. */
const TRIAL_MS_MAX = 15_000;

type Left = { readonly leftovers: readonly Leftover[]; readonly fault?: DeploymentError; readonly leftOut?: DeploymentError };

/** Complete mode deletes what is left, once everything is written; what it could not do, it fails for. */
async function tryLeftovers(run: TrialRun, question: Question): Promise<Left> {
  const isComplete = question.mode === "Complete";
  const clusters = await listClusters(run.ask, question);
  if ("code" in clusters) return { leftovers: [], ...(isComplete ? { fault: clusters } : { leftOut: clusters }) };
  const named = await namedResources(question.plan, run.ask);
  if (!(named instanceof Set)) {
    const { message: why } = named as DeploymentError;
    return { leftovers: clusters.map((cluster) => ({ cluster, kind: "Unknown", why })) };
  }
  const left = clusters.filter(({ id }) => !named.has(id.toLowerCase()));
  if (isComplete && run.isTried) return { leftovers: await tryRemovals(run, left) };
  return { leftovers: left.map((cluster) => ({ cluster, kind: isComplete ? "Deleted" : "Kept" })) };
}

/** Tries a plan and takes all of it back. */
export function askByTrial(deps: QuestionDeps, question: Question): Promise<TrialResult> {
  const { plan, principal, correlationId, level } = question;
  const mayReadSuffices = level === "ProviderNoRbac";
  const endAt = deps.clock.now() + TRIAL_MS_MAX;
  return deps.store().trial(async (trial) => {
    const nested: TrialRun["nested"] = new Map();
    const as = { principal, correlationId, trial: trial.store, mayReadSuffices };
    const ask = trialAsk((request: InternalRequest) => deps.call(as, request), nested);
    const run: TrialRun = { trial, ask, nested, isTried: level !== "Template", hasTime: () => deps.clock.now() < endAt };
    const tried = await tryTemplate(run, plan);
    const { leftovers, fault, leftOut } = await tryLeftovers(run, question);
    const refused = [
      ...tried.flatMap((one) => (one.kind === "Refused" ? [{ target: one.resource.id, ...one.error }] : [])),
      ...leftovers.flatMap((one) => (one.kind === "Refused" ? [{ target: one.cluster.id, ...one.error }] : [])),
    ];
    return {
      tried,
      leftovers,
      faults: fault === undefined ? refused : [...refused, fault],
      leftOut: leftOut === undefined ? [] : [leftOut],
    };
  });
}
