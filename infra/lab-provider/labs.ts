import type { ClusterId, ProvisionedFacts } from "@hostrouting/domain";
import type { ClusterWish } from "./cluster-wish.ts";
import type { LabSight, LabStep } from "./decide-step.ts";
import type { MachineRoom } from "./machine-room.ts";

/** What a step is done with. */
export type StepDoing = {
  /** Ends the step before its time; what it had begun is removed. */
  readonly signal: AbortSignal;
  /** What it is at. */
  readonly say: (detail: string) => void;
};

/** The labs of this machine that are somebody's clusters. Everything may be repeated, also after a crash in the middle of it. */
export type Labs = {
  see(id: ClusterId): Promise<LabSight>;
  /** Does one step and returns when it has come to its end. Throws AppError `lab.*`, `image.*`, `command.*`, `lock.busy`. */
  do(wish: ClusterWish, step: LabStep, doing: StepDoing): Promise<void>;
  /** Gives nodes their pools' labels and taints, writes the kubeconfigs of the cluster's users where they are missing, and says what there is. */
  finish(wish: ClusterWish): Promise<ProvisionedFacts>;
  /** Leaves nothing of it. */
  remove(id: ClusterId): Promise<void>;
  /** @param except a cluster that is not counted, because it is about to be made anew */
  room(except?: ClusterId): Promise<MachineRoom>;
  /** Removes every lab but those of these clusters. @returns how many there were */
  removeOthers(known: readonly ClusterId[]): Promise<number>;
};
