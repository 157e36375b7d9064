import { isInFlight } from "./budget.ts";
import { installBundle } from "./bundle-plan.ts";
import { AFTER_WRITE_MS, BUSY_MS, stepNodes, type Outcome, type Round } from "./round.ts";

/** With host routing on, a full look at least this often, whatever the watch says: a lost event costs at most this. */
const ENABLED_RESYNC_MS = 30_000;
/** With host routing off there is nothing to keep; looked at so that state and reach stay fresh. */
const DISABLED_RESYNC_MS = 60_000;

/**
 * No operation is under way: keeps what the last one brought about. While host routing is on, a node that joins, boots or was made anew is
 * switched under the same steps and the same budget. After an operation that failed or was cancelled no node is started, but those in
 * flight still reach a safe point.
 */
export function steadyState(round: Round): Outcome {
  const { cluster } = round.snapshot;
  const keepsOn = cluster.desiredMode === "BpfVeth" && cluster.provisioningState === "Succeeded";
  const stepped = stepNodes(round, cluster.desiredMode, keepsOn);
  const installed = keepsOn ? installBundle(round, stepped.nodes, "BpfVeth") : { nodes: stepped.nodes, intents: [] };
  const intents = [...installed.intents, ...stepped.intents];
  const busy = stepped.nodes.some(
    ({ record, seen }) =>
      isInFlight(record.phase) ||
      record.phase === "Soaking" ||
      // A node that a rule refuses may wait for weeks; what lets it go on rings the bell, or the watch does.
      (keepsOn &&
        record.phase === "Pending" &&
        seen.ready &&
        seen.ineligible === undefined &&
        record.skipped === undefined &&
        round.refusalOf(seen) === undefined),
  );
  const restMs = keepsOn ? ENABLED_RESYNC_MS : DISABLED_RESYNC_MS;
  return {
    operation: undefined,
    nodes: installed.nodes,
    intents,
    waits: stepped.waits,
    lookAgainInMs: intents.length > 0 ? AFTER_WRITE_MS : busy ? BUSY_MS : restMs,
    history: [],
  };
}
