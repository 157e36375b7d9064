import { isMoving } from "./budget.ts";
import { carriesOther, staysOn } from "./bundle-upgrade.ts";
import { endedWait } from "./ended-operation.ts";
import { AFTER_WRITE_MS, BUSY_MS, stepNodes, type Outcome, type Round, type RoundNode } from "./round.ts";

/** With host routing on, a full look at least this often, whatever the watch says: a lost event costs at most this. */
const ENABLED_RESYNC_MS = 30_000;
/** With host routing off there is nothing to keep; looked at so that state and reach stay fresh. */
const DISABLED_RESYNC_MS = 60_000;

/**
 * No operation is under way: keeps what the last one brought about. While host routing is on, a node that joins, boots or was made anew is
 * switched under the same steps and the same budget, also after an upgrade that failed. After any other operation that failed or was cancelled no node is started, but those in
 * flight still reach a safe point.
 */
export function steadyState(round: Round): Outcome {
  const { cluster } = round.snapshot;
  const keepsOn = staysOn(round.snapshot);
  const stepped = stepNodes(round, cluster.desiredMode, keepsOn);
  const installed = keepsOn ? round.driver.install(round, stepped, "BpfVeth") : { nodes: stepped.nodes, intents: [] };
  const intents = [...installed.intents, ...stepped.intents];
  const busy = stepped.nodes.some(
    ({ record, seen }) =>
      isMoving(record, cluster.desiredMode) ||
      // A node that a rule refuses may wait for weeks; what lets it go on rings the bell, or the watch does.
      (keepsOn &&
        record.phase === "Pending" &&
        seen.ready &&
        seen.ineligible === undefined &&
        record.skipped === undefined &&
        round.refusalOf(seen) === undefined),
  );
  const beginsUpgrade = keepsOn && !busy && intents.length === 0 && wantsUpgrade(round, installed.nodes);
  const restMs = keepsOn ? ENABLED_RESYNC_MS : DISABLED_RESYNC_MS;
  return {
    operation: undefined,
    nodes: installed.nodes,
    intents,
    waits: [...stepped.waits, ...endedWait(round, installed.nodes)],
    beginsUpgrade,
    lookAgainInMs: intents.length > 0 ? AFTER_WRITE_MS : busy ? BUSY_MS : restMs,
    history: [],
  };
}

/** Whether a newer bundle is to be rolled out by itself: not one that was given up, and not for nodes that are away. */
function wantsUpgrade({ offered, snapshot }: Round, nodes: readonly RoundNode[]): boolean {
  const { policy, previous } = snapshot;
  if (policy.bundleUpgrade !== "Auto" || previous?.bundle?.heldBack === offered.digest) return false;
  return nodes.some((node) => node.seen.ready && carriesOther(node, offered.digest));
}
