import { isTerminal, type HostRoutingStatus, type NodeRollout, type Operation } from "@hostrouting/domain";
import type { Bundle, ClusterObservation, ClusterSnapshot, NodeObservation } from "./snapshot.ts";

/** Phases of nodes whose kernel holds programs of the bundle that is there. */
const CARRYING: ReadonlySet<NodeRollout["phase"]> = new Set(["Switching", "Verifying", "Confirming", "Soaking", "Enabled", "Detaching"]);

/**
 * The bundle of this round. An operation that replaces it brings nodes to the one that was offered when it began; on its way back to the one before.
 * Whatever else happens, nodes keep the bundle that is there as long as one of them carries it: a newer one is rolled out in order, or not at all.
 */
export function bundleOfRound({ operation, bundle: offered, records }: ClusterSnapshot, { bundle: there }: ClusterObservation): Bundle {
  const bundles = operation?.control.bundles;
  if (bundles !== undefined) return operation?.phase === "RollingBack" ? bundles.from : bundles.to;
  if (operation?.kind === "UpgradeBundle" || there === undefined || there.deleting) return offered;
  return records.some(({ phase }) => CARRYING.has(phase)) ? { image: there.image, digest: there.digest } : offered;
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
