import { join } from "node:path";
import { MANAGED_BY, MANAGED_BY_LABEL } from "@hostrouting/policy";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { ClusterApi } from "../kube/cluster-api.ts";
import { watchCollection } from "../kube/watched-collection.ts";
import { decideDenials, type DenialDecision, type PoliciesLook } from "./decide-denials.ts";
import { keepPolicies } from "./keep-policies.ts";
import { readKeptPolicies, writeKeptPolicies } from "./kept-file.ts";
import { readPolicy } from "./read-policy.ts";

/**
 * Follows the policies that say what pods must not reach. `decide` is told for which switch it is asked: before each the policies are read anew,
 * since what came before the order may not have been heard of.
 */
export type PolicyWatch = { decide(generation?: number): DenialDecision; stop(): Promise<void> };

const COLLECTION = "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies";
const SELECTOR = `labelSelector=${encodeURIComponent(`${MANAGED_BY_LABEL}=${MANAGED_BY}`)}`;
const KEPT_FILE = "policies.json";
/** A cluster without Cilium's resource types is an ordinary one. */
const ABSENT_PAUSE_MS = 10_000;

/** Starts to follow our policies; `onChange` comes after each difference. The last rules are kept in `stateDir` for the next process. */
export function watchPolicies(options: {
  api: Pick<ClusterApi, "get" | "watch">;
  stateDir: string;
  clock: Clock;
  logger: Logger;
  onChange: () => void;
}): PolicyWatch {
  const { stateDir, clock, ...follow } = options;
  const keptFile = join(stateDir, KEPT_FILE);
  let kept = readKeptPolicies(keptFile);
  let written = JSON.stringify(kept.policies);
  let switched: number | undefined;
  const watched = watchCollection({
    ...follow,
    collection: COLLECTION,
    selector: SELECTOR,
    read: readPolicy,
    absentPauseMs: ABSENT_PAUSE_MS,
  });
  const look = (): PoliciesLook => {
    const { state, fault } = watched.state();
    return state === "Unknown"
      ? { state, why: fault ?? "the API server has not answered yet." }
      : { state: state === "Absent" ? "NotInstalled" : "Read" };
  };
  return {
    decide(generation) {
      if (generation !== undefined && generation !== switched) watched.again();
      switched = generation ?? switched;
      kept = keepPolicies(kept, watched.items(), clock.now());
      const now = JSON.stringify(kept.policies);
      if (now !== written) writeKeptPolicies(keptFile, kept);
      written = now;
      return decideDenials(look(), kept, watched.isCurrent());
    },
    stop: () => watched.stop(),
  };
}
