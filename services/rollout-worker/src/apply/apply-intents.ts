import { AppError, explain, unreachable } from "@hostrouting/domain";
import { BUNDLE_NAMESPACE, bundleManifest, type ClusterAccess } from "@hostrouting/kube";
import { azureDestinationsPolicy, type PolicyAttempt } from "@hostrouting/policy";
import type { EvictionRefusal, Intent } from "@hostrouting/rollout";
import type { Logger } from "@hostrouting/runtime";
import { applyConfig } from "./apply-config.ts";
import { evictPods } from "./evict-pods.ts";
import { patchNode } from "./patch-node.ts";

/** Subjects that are written to at once; within one subject the order of the intents holds. */
const SUBJECTS_AT_ONCE_MAX = 8;

/** What applying needs. `mayAct` turns false as soon as the lease may be somebody else's. */
export type ApplyContext = { readonly access: ClusterAccess; readonly logger: Logger; readonly mayAct: () => boolean };

/** What became of a round's intents, as far as the next round wants to know. */
export type Applied = { readonly evictionRefusals: readonly EvictionRefusal[]; readonly policyAttempt: PolicyAttempt };

async function applyIntent(access: ClusterAccess, intent: Intent): Promise<readonly EvictionRefusal[]> {
  switch (intent.kind) {
    case "EnsureBundle":
      await access.applyBundle(bundleManifest(intent.bundle));
      return [];
    case "RemoveBundle":
      await access.deleteBundle();
      return [];
    case "RestartAgent":
      await access.deletePod(BUNDLE_NAMESPACE, intent.pod);
      return [];
    case "ApplyConfig":
      await applyConfig(access, intent);
      return [];
    case "WriteNodeSpec":
      await access.applyNodeObject({ name: intent.node, uid: intent.uid }, intent.spec);
      return [];
    case "DeleteNodeObject":
      await access.deleteNodeObject(intent.node);
      return [];
    case "PatchNode":
      await patchNode(access, intent);
      return [];
    case "ApplyPolicy":
      await access.applyPolicy(azureDestinationsPolicy, intent);
      return [];
    case "RemovePolicy":
      await access.deletePolicy(intent.name);
      return [];
    case "EvictPods":
      return evictPods(access, intent.node, intent.pods);
    default:
      return unreachable(intent);
  }
}

/** What an intent changes; intents of one subject are applied in their order. The policy has nothing to do with the rest of the cluster. */
function subjectOf(intent: Intent): string {
  if (intent.kind === "ApplyPolicy" || intent.kind === "RemovePolicy") return "policy";
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
  const subjects = [...Map.groupBy(intents, subjectOf).values()];
  const refusals: EvictionRefusal[] = [];
  let policyAttempt: PolicyAttempt = { kind: "None" };
  const applySubject = async (list: readonly Intent[]): Promise<void> => {
    for (const intent of list) {
      if (!context.mayAct()) return;
      try {
        refusals.push(...(await applyIntent(context.access, intent)));
        if (intent.kind === "ApplyPolicy") policyAttempt = { kind: "Written" };
      } catch (error) {
        if (intent.kind === "ApplyPolicy") policyAttempt = { kind: "Failed", because: explain(error) };
        return logFailure(context.logger, intent, error);
      }
    }
  };
  const worker = async (): Promise<void> => {
    for (let list = subjects.shift(); list !== undefined; list = subjects.shift()) await applySubject(list);
  };
  await Promise.all(Array.from({ length: Math.min(SUBJECTS_AT_ONCE_MAX, subjects.length) }, worker));
  return { evictionRefusals: refusals, policyAttempt };
}
