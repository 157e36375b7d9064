import { namedAndMore, type Driver } from "@hostrouting/domain";
import { isKnownLegacy } from "./agent-report.ts";
import { staysOn } from "./bundle-upgrade.ts";
import type { Round, RoundNode } from "./round.ts";
import { isSkipped } from "./take-requests.ts";
import { CLUSTER, type WaitDraft } from "./waits.ts";

/** Nodes that are named at once. */
const NODES_MAX = 10;

/** After an operation that succeeded the mode is what was asked for, so asking for it again begins nothing. */
const ANEW: Readonly<Record<Driver, string>> = {
  bundle: "After an operation that succeeded it is `hostrouting upgrade` that goes on with them.",
  cilium: "After an operation that succeeded they are tried again only by switching off and on.",
  "aks-arm": "AKS decides about them.",
};
const AKS_DECIDES = "What becomes of the others is up to AKS.";

/**
 * Why nothing goes on though the cluster is not what was asked for: the last operation failed or was canceled, and no node is started until somebody asks
 * again; or it succeeded without nodes that nobody tries again. It holds also while every node is enabled, since one that joins or boots stays on the stack. Nothing where that is as it should be. Pure.
 */
export function endedWait(round: Round, nodes: readonly RoundNode[]): readonly WaitDraft[] {
  const { provisioningState, desiredMode, driver } = round.snapshot.cluster;
  if (provisioningState === "Succeeded" && desiredMode === "BpfVeth") return leftWait(driver, nodes);
  // After an upgrade that failed nodes that join or boot are switched on all the same.
  if (staysOn(round.snapshot)) return [];
  if (provisioningState !== "Failed" && provisioningState !== "Canceled") return [];
  const ended = provisioningState === "Failed" ? "failed" : "was canceled";
  if (desiredMode === "BpfVeth") {
    const eligible = nodes.filter(({ seen }) => seen.ineligible === undefined);
    const enabled = eligible.filter(({ record }) => record.phase === "Enabled").length;
    if (driver === "aks-arm" && enabled === eligible.length) return [];
    const message = `The last operation ${ended}, and ${enabled} of ${eligible.length} nodes are enabled. ${driver === "aks-arm" ? AKS_DECIDES : "No further node is switched on, nor one that joins or boots."}`;
    return [{ reason: "OperationEnded", subject: CLUSTER, message }];
  }
  const on = nodes.filter(({ record, seen }) => !isKnownLegacy(record, seen)).map(({ record }) => record.node);
  if (on.length === 0 && !round.driver.isInstalled(round)) return [];
  const left = on.length === 0 ? "what was installed is still there" : `not known to be off: ${namedAndMore(on, { most: NODES_MAX })}`;
  return [
    {
      reason: "OperationEnded",
      subject: CLUSTER,
      message: `The last operation ${ended}; ${left}. ${driver === "aks-arm" ? AKS_DECIDES : "No further node is switched off."}`,
    },
  ];
}

/** Nodes that failed within the budgets or were skipped: asking for the mode that the cluster has already begins nothing. */
function leftWait(driver: Driver, nodes: readonly RoundNode[]): readonly WaitDraft[] {
  const left = nodes.filter(({ record, seen }) => seen.ineligible === undefined && (record.phase === "Failed" || isSkipped(record)));
  if (left.length === 0) return [];
  const named = left.map(({ record }) => `${record.node} (${isSkipped(record) ? "Skipped" : (record.problem?.reason ?? "Failed")})`);
  const message = `Nodes are not on, and are not tried again by themselves: ${namedAndMore(named, { most: NODES_MAX })}.`;
  return [
    {
      reason: "OperationEnded",
      subject: CLUSTER,
      message,
      alsoDo: ANEW[driver],
    },
  ];
}
