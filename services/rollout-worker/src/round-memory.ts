import type { ClusterAccess } from "@hostrouting/kube";
import type { ClusterLease } from "@hostrouting/store";
import type { Applied } from "./apply/apply-intents.ts";
import type { SubjectBackoff } from "./apply/subject-backoff.ts";
import { nothingAssessed, type AssessmentMemory } from "./assess/assess-beside.ts";
import type { AzureMemory } from "./azure/look-at-azure.ts";
import { CiliumWords } from "./cilium/cilium-words.ts";
import type { SeenFence } from "./cluster-fence.ts";
import { NOTHING_TOLD, type ToldNews } from "./events/decide-events.ts";
import type { PreflightMemory, PreflightRun } from "./observe/check-preflight.ts";
import type { BirthTaintMemory } from "./observe/observe-cluster.ts";
import type { SandboxMemory } from "./observe/sandboxes.ts";
import { nothingAsked, type WebhookMemory } from "./webhook/ask-gate.ts";

/** What a worker remembers of a cluster between rounds. Losing it costs a round, never a decision. */
export type RoundMemory = {
  applied: Applied;
  told: ToldNews;
  leaseMs: number | undefined;
  lease: ClusterLease | undefined;
  /** The cluster's own Lease as we read or wrote it last; one that is somebody else's now, or that nobody may read, is read in each round. */
  fence: SeenFence | undefined;
  /** Keeps a watch on what is worked on, before it is looked at: then its first lists are the look. */
  readonly follow: (access: ClusterAccess) => void;
  readonly webhook: WebhookMemory;
  /** What agents of the cluster's own Cilium said of themselves. */
  readonly words: CiliumWords;
  readonly assessment: AssessmentMemory;
  readonly azure: AzureMemory;
  preflight: PreflightMemory | undefined;
  preflightRun: PreflightRun | undefined;
  backoff: SubjectBackoff | undefined;
  /** Whether the last round did all that it wanted. */
  wasClean: boolean;
  /** Tries in vain so far, also of rounds that nobody could count because the store was away. */
  tries: number;
  birthTaint: BirthTaintMemory | undefined;
  sandboxes: SandboxMemory | undefined;
};

/** Nothing was done yet. @param follow see RoundMemory */
export function newMemory(follow: RoundMemory["follow"] = () => {}): RoundMemory {
  const applied: Applied = { evictionRefusals: [], policyAttempt: { kind: "None" } };
  return {
    applied,
    told: NOTHING_TOLD,
    leaseMs: undefined,
    lease: undefined,
    fence: undefined,
    follow,
    preflight: undefined,
    preflightRun: undefined,
    backoff: undefined,
    wasClean: false,
    tries: 0,
    webhook: nothingAsked(),
    birthTaint: undefined,
    sandboxes: undefined,
    words: new CiliumWords(),
    assessment: nothingAssessed(),
    azure: { seen: undefined, at: undefined, hasRights: false },
  };
}
