/** Questions about a deployment that change nothing: validate and what-if, both answered by one trial. */
import type { InternalCall, InternalReply, InternalRequest } from "../arm/internal-call.ts";
import type { Store } from "@hostrouting/store";
import type { Clock } from "@hostrouting/runtime";
import type { DeploymentError } from "@hostrouting/domain";
import type { TemplatePlan } from "@hostrouting/template";
import type { Principal } from "../arm/principal.ts";
import { listClusters, type OtherCluster } from "./other-clusters.ts";
import { tryTemplate, type Tried } from "./try-template.ts";

/** What a trial found. */
export type TrialResult = {
  readonly tried: readonly Tried[];
  /** Clusters of the group that the template does not name. */
  readonly others: readonly OtherCluster[];
  /** All that was refused, with its resource as target where the fault names none. */
  readonly faults: readonly DeploymentError[];
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
  readonly principal: Principal;
  readonly correlationId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
};

/** Locks are held for as long; 800 resources take a few seconds. */
const TRIAL_MS_MAX = 15_000;

function namedIn(tried: readonly Tried[], plan: TemplatePlan): ReadonlySet<string> {
  const existing = plan.resources.filter((one) => one.existing && one.condition);
  return new Set([...existing, ...tried.map(({ resource }) => resource)].map(({ id }) => id.toLowerCase()));
}

/** Tries a plan and takes all of it back. */
export function askByTrial(deps: QuestionDeps, question: Question): Promise<TrialResult> {
  const { plan, principal, correlationId } = question;
  const endAt = deps.clock.now() + TRIAL_MS_MAX;
  return deps.store().trial(async (trial) => {
    const ask = (request: InternalRequest) => deps.call({ principal, correlationId, trial: trial.store }, request);
    const before = await listClusters(ask, question);
    const tried = await tryTemplate({ trial, ask, hasTime: () => deps.clock.now() < endAt }, plan);
    const named = namedIn(tried, plan);
    const others = "code" in before ? [] : before.filter(({ id }) => !named.has(id.toLowerCase()));
    const faults = tried.flatMap((one) => (one.kind === "Refused" ? [{ target: one.resource.id, ...one.error }] : []));
    return { tried, others, faults };
  });
}
