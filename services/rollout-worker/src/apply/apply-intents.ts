import { AppError, explain, unreachable } from "@hostrouting/domain";
import { bundleManifest, type BirthTaintLookup, type ClusterAccess } from "@hostrouting/kube";
import { azureDestinationsPolicy, type PolicyAttempt } from "@hostrouting/policy";
import { SUPPORTED_OS_IMAGES } from "@hostrouting/preflight";
import type { EvictionRefusal, Intent } from "@hostrouting/rollout";
import type { Logger } from "@hostrouting/runtime";
import { nodeConfigWish } from "../cilium/node-order.ts";
import { applyConfig } from "./apply-config.ts";
import { evictPods, type Evictions } from "./evict-pods.ts";
import { patchNode } from "./patch-node.ts";
import type { SubjectBackoff } from "./subject-backoff.ts";

/** Subjects that are written to at once; within one subject the order of the intents holds. */
const SUBJECTS_AT_ONCE_MAX = 8;

/** What applying needs. `mayAct` turns false as soon as the lease may be somebody else's. */
export type ApplyContext = {
  readonly access: ClusterAccess;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
  /** Keeps what failed before from being tried at once again. */
  readonly backoff: SubjectBackoff;
};

/** What became of a round's intents, as far as the next round wants to know. */
export type Applied = {
  readonly evictionRefusals: readonly EvictionRefusal[];
  readonly policyAttempt: PolicyAttempt;
  /** What there is of the admission policy since it was written; absent when it was not. */
  readonly birthTaint?: BirthTaintLookup | undefined;
  /** What failed and will again unless something changes; absent when nothing did. */
  readonly fault?: string | undefined;
};

/** The policy has waits of its own, which say in each round why it could not be written. */
const POLICY = "policy";

/** A lost race is decided again, and an API server that does not answer or is busy has a wait of its own: neither says that the step is wrong. */
const PASSING: ReadonlySet<string> = new Set(["kube.conflict", "kube.unreachable", "kube.throttled"]);

/** Whether nobody need be told of it unless it lasts. */
export function isPassing(error: unknown): boolean {
  return error instanceof AppError && PASSING.has(error.code);
}

/** What the API server said to an intent that the next round wants to know. */
type Answer = Partial<Evictions> & { readonly birthTaint?: BirthTaintLookup };

async function applyIntent({ access, mayAct }: ApplyContext, intent: Intent): Promise<Answer> {
  switch (intent.kind) {
    case "EnsureBundle":
      await access.applyBundle(bundleManifest(intent.bundle));
      return {};
    case "RemoveBundle":
      await access.deleteBundle();
      return {};
    case "RestartAgent":
      await access.deletePod(intent.namespace, intent.pod);
      return {};
    case "ApplyConfig":
      await applyConfig(access, intent);
      return {};
    case "WriteNodeSpec":
      await access.applyNodeObject({ name: intent.node, uid: intent.uid }, intent.spec);
      return {};
    case "WriteNodeConfig":
      await access.cilium.applyNodeConfig(nodeConfigWish(intent));
      return {};
    case "DeleteNodeConfig":
      await access.cilium.deleteNodeConfig(intent.node);
      return {};
    case "DeleteNodeObject":
      await access.deleteNodeObject(intent.node);
      return {};
    case "PatchNode":
      await patchNode(access, intent);
      return {};
    case "ApplyPolicy":
      await access.applyPolicy(azureDestinationsPolicy, intent);
      return {};
    case "RemovePolicy":
      await access.deletePolicy(intent.name);
      return {};
    case "ApplyBirthTaint":
      return { birthTaint: await access.applyBirthTaint(SUPPORTED_OS_IMAGES) };
    case "RemoveBirthTaint":
      await access.removeBirthTaint();
      return {};
    case "EvictPods":
      return evictPods({ access, mayAct }, intent.node, intent.pods);
    default:
      return unreachable(intent);
  }
}

/** What an intent changes; intents of one subject are applied in their order. The policy has nothing to do with the rest of the cluster. */
function subjectOf(intent: Intent): string {
  if (intent.kind === "ApplyPolicy" || intent.kind === "RemovePolicy") return POLICY;
  if (intent.kind === "ApplyBirthTaint" || intent.kind === "RemoveBirthTaint") return "birth taint";
  return "node" in intent ? `node ${intent.node}` : "cluster";
}

/** A lost race is expected and decided again; everything else is worth a warning. */
function logFailure(logger: Logger, intent: Intent, error: unknown): void {
  const expected = error instanceof AppError && error.code === "kube.conflict";
  logger[expected ? "debug" : "warn"](
    { intent: intent.kind, subject: subjectOf(intent), problem: explain(error) },
    "an intent failed, will be decided again",
  );
}

/**
 * Makes intents true, as far as that goes: one that fails ends its subject's list for this round and is no fault, since the next round sees
 * what is there and decides again.
 */
export async function applyIntents(context: ApplyContext, intents: readonly Intent[]): Promise<Applied> {
  const { backoff } = context;
  const bySubject = Map.groupBy(intents, subjectOf);
  backoff.keepOnly(new Set(bySubject.keys()));
  const subjects = [...bySubject].filter(([subject]) => backoff.mayTry(subject));
  let fault: string | undefined;
  let birthTaint: BirthTaintLookup | undefined;
  const refusals: EvictionRefusal[] = [];
  let policyAttempt: PolicyAttempt = { kind: "None" };
  const applySubject = async ([subject, list]: readonly [string, readonly Intent[]]): Promise<void> => {
    for (const intent of list) {
      if (!context.mayAct()) return;
      try {
        const answer = await applyIntent(context, intent);
        refusals.push(...(answer.refusals ?? []));
        if (answer.failure !== undefined) throw answer.failure.error;
        birthTaint = answer.birthTaint ?? birthTaint;
        if (intent.kind === "ApplyPolicy") policyAttempt = { kind: "Written" };
      } catch (error) {
        if (intent.kind === "ApplyPolicy") policyAttempt = { kind: "Failed", because: explain(error) };
        if (error instanceof AppError && error.code === "kube.throttled") backoff.failed(subject);
        if (subject !== POLICY && !isPassing(error)) {
          backoff.failed(subject);
          fault ??= `${subject}, ${intent.kind}: ${explain(error)}`;
        }
        return logFailure(context.logger, intent, error);
      }
    }
    backoff.succeeded(subject);
  };
  const worker = async (): Promise<void> => {
    for (let next = subjects.shift(); next !== undefined; next = subjects.shift()) await applySubject(next);
  };
  await Promise.all(Array.from({ length: Math.min(SUBJECTS_AT_ONCE_MAX, subjects.length) }, worker));
  return { evictionRefusals: refusals, policyAttempt, birthTaint, fault };
}
