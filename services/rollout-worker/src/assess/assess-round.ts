import type { ClusterAccess } from "@hostrouting/kube";
import type { PolicyJudgement } from "@hostrouting/policy";
import type { ClusterFacts, NodeFacts } from "@hostrouting/preflight";
import type { Bundle, Reach } from "@hostrouting/rollout";
import type { ClusterRound } from "@hostrouting/store";
import type { Fence } from "../cluster-fence.ts";
import { assessBeside, type AssessedLook, type Assessing } from "./assess-beside.ts";

/** What a round saw, as far as questions are answered from it. */
export type RoundLook = {
  readonly reach: Reach;
  readonly access: ClusterAccess | undefined;
  readonly facts?: readonly NodeFacts[] | undefined;
  readonly cilium?: ClusterFacts["cilium"];
  readonly managedPolicy: PolicyJudgement | undefined;
  readonly fence: Fence;
  readonly bundle: Bundle;
  readonly azure?: ClusterFacts["azure"] | undefined;
};

/** A cluster of which something was asked is looked at again this soon: for what was asked meanwhile, or because it did not answer. */
const QUESTION_LOOK_MS = 3_000;

function toLook({ cluster, operation, maintenance, now }: ClusterRound, seen: RoundLook): AssessedLook {
  const { reach, access, facts: nodes, cilium, managedPolicy, fence, bundle, azure } = seen;
  if (reach.kind === "Unreachable") return reach;
  if (access === undefined || nodes === undefined || cilium === undefined)
    return { kind: "Unreachable", message: "Nobody looked at its nodes." };
  const hasLease = fence.kind === "Held";
  const { observed } = reach;
  return {
    kind: "Seen",
    seen: { access, cluster, operation, maintenance, observed, nodes, managedPolicy, cilium, azure, hasLease, bundle, now },
  };
}

/** Begins to answer what was asked of the cluster without changing it. Says how soon the next look is due for that. */
export function assessRound(assessing: Assessing, read: ClusterRound, seen: RoundLook): number {
  if (read.questions.length === 0) return Infinity;
  assessBeside(assessing, read.questions, toLook(read, seen));
  return QUESTION_LOOK_MS;
}
