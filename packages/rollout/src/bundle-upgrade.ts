import { isTerminal, type HostRoutingStatus, type NodeRollout, type Operation } from "@hostrouting/domain";
import type { Bundle, ClusterObservation, ClusterSnapshot, NodeObservation } from "./snapshot.ts";

/** Phases of nodes whose kernel holds programs of the bundle that is there. */
const CARRYING: ReadonlySet<NodeRollout["phase"]> = new Set(["Switching", "Verifying", "Confirming", "Soaking", "Enabled", "Detaching"]);

/** Phases in which a node goes on to `Enabled`, or back, under the bundle that it was asked to switch with. */
const ON_ITS_WAY: ReadonlySet<NodeRollout["phase"]> = new Set(["Switching", "Verifying", "Confirming", "Soaking"]);

/** Whether an upgrade is still to wait for nodes that were begun with before it. */
export function waitsForNodes({ kind }: Operation, records: readonly NodeRollout[]): boolean {
  return kind === "UpgradeBundle" && records.some(({ phase }) => ON_ITS_WAY.has(phase));
}

/**
 * The bundle of this round. An operation that replaces it brings nodes to the one that was offered when it began, once it has been judged; on its way back to the one before.
 * Whatever else happens, nodes keep the bundle that is there as long as one of them carries it: a newer one is rolled out in order, or not at all.
 */
export function bundleOfRound(snapshot: ClusterSnapshot, observed: ClusterObservation): Bundle {
  const { operation, bundle: offered, records } = snapshot;
  const bundles = operation?.control.bundles;
  if (operation !== undefined && bundles !== undefined) {
    if (isAtFirst(operation)) return bundleThere(snapshot, observed) ?? bundles.from;
    return operation.phase === "RollingBack" ? bundles.from : bundles.to;
  }
  const isCarried = records.some(({ phase }) => CARRYING.has(phase));
  return (isCarried ? bundleThere(snapshot, observed) : undefined) ?? offered;
}

/** Whether nothing of a newer bundle is installed yet: preflight comes before. */
function isAtFirst({ phase, control }: Operation): boolean {
  const working = control.held?.from ?? phase;
  return working === "Accepted" || working === "Validating";
}

/** Whether host routing stays on while no operation is under way: the last one succeeded, or it was about the bundle only, whatever came of that. */
export function staysOn({ cluster, previous }: Pick<ClusterSnapshot, "cluster" | "previous">): boolean {
  return cluster.desiredMode === "BpfVeth" && (cluster.provisioningState === "Succeeded" || previous?.bundle?.isKept === true);
}

/** The bundle that is there, or was before somebody deleted it; nothing when nobody knows. */
export function bundleThere({ previous }: ClusterSnapshot, { bundle: there }: ClusterObservation): Bundle | undefined {
  if (there !== undefined && !there.deleting) return { image: there.image, digest: there.digest };
  const { image, digest } = previous?.bundle ?? {};
  return image === undefined || digest === undefined ? undefined : { image, digest };
}

/** Whether a node that is on was switched by another bundle than this one. */
export function carriesOther({ record, seen }: { readonly record: NodeRollout; readonly seen: NodeObservation }, digest: string): boolean {
  return record.phase === "Enabled" && seen.spec?.mode === "BpfVeth" && seen.spec.bundleDigest !== digest;
}

/** Digests as people see them. `heldBack`: what was given up or rolled back; a newer one, or somebody's wish, ends that. */
export function bundleStatus(
  { bundle: offered, previous }: Pick<ClusterSnapshot, "bundle" | "previous">,
  used: Bundle,
  operation: Operation | undefined,
): NonNullable<HostRoutingStatus["bundle"]> {
  const heldBack = heldBackBy(operation, previous?.bundle?.heldBack);
  const bundles = operation?.control.bundles;
  const before = operation?.kind === "UpgradeBundle" && bundles !== undefined ? bundles.from : previous?.bundle?.before;
  const isKept = operation !== undefined && isTerminal(operation.phase) ? bundles !== undefined : previous?.bundle?.isKept === true;
  return {
    digest: used.digest,
    image: used.image,
    ...(offered.digest !== used.digest && { offered: offered.digest }),
    ...(heldBack !== undefined && { heldBack }),
    ...(before !== undefined && { before }),
    ...(isKept && { isKept }),
  };
}

function heldBackBy(operation: Operation | undefined, before: string | undefined): string | undefined {
  const bundles = operation?.control.bundles;
  if (operation === undefined || bundles === undefined) return before;
  if (operation.kind === "RollbackHostRouting") return bundles.from.digest;
  if (!isTerminal(operation.phase)) return before;
  return operation.phase === "Succeeded" ? undefined : bundles.to.digest;
}
