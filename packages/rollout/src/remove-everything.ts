import type { Removal } from "./drivers/node-driver.ts";
import { removePolicy } from "./policy-plan.ts";
import type { Round } from "./round.ts";
import { CLUSTER } from "./waits.ts";

/** Takes everything of ours out of the cluster: what switches its nodes, and the policy once nothing is left that it stands for. */
export function removeEverything(round: Round): Removal {
  const removal = round.driver.remove(round);
  if (!removal.isDone) return removal;
  const { kind } = round.observed.birthTaint;
  if (kind !== "InSync" && kind !== "Drifted") return removePolicy(round);
  const message = "Removing the admission policy that taints nodes which join.";
  return { intents: [], waits: [{ reason: "RemovingBundle", subject: CLUSTER, message }], isDone: false };
}
