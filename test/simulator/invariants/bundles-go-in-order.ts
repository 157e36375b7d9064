import type { HostRoutingNodeSpec } from "@hostrouting/contracts";
import { isTerminal, type ClusterId, type NodePhase, type Operation, type OperationId } from "@hostrouting/domain";
import { BUNDLE_NAMESPACE } from "@hostrouting/kube";
import type { Invariant, Looked } from "./invariant.ts";

const AGENT = "hostrouting-agent-";
/** Phases of a node whose turn it is not: its agent is left alone while its kernel is on. */
const AT_REST: ReadonlySet<NodePhase | undefined> = new Set(["Enabled", "Soaking"]);

/**
 * A newer bundle comes to a node that is on in its turn only, by an operation that says from which bundle to which it goes, and such an operation
 * leaves no node on another one when it has ended well, or was taken back.
 */
export function bundlesGoInOrder({ world }: Looked): Invariant {
  const judged = new Set<OperationId>();
  const nodesOf = (id: ClusterId) => [...(world.store.look().clusters.get(id)?.nodes.values() ?? [])];
  const activeOf = (id: ClusterId): Operation | undefined => {
    const { activeOperationId } = world.managed(id);
    return activeOperationId && world.store.look().operations.get(activeOperationId);
  };
  /** A node that is on under another bundle than this one, or nothing. */
  const otherThan = (id: ClusterId, digest: string): string | undefined => {
    const { fake, truths } = world.cluster(id);
    return nodesOf(id).find(({ uid, node, phase, skipped }) => {
      const spec = fake.objects.get(node)?.spec;
      const isOn =
        phase === "Enabled" &&
        skipped === undefined &&
        spec?.mode === "BpfVeth" &&
        spec.nodeUID === uid &&
        spec.bootID === truths.get(uid)?.bootId;
      return isOn && spec.bundleDigest !== digest;
    })?.node;
  };
  return {
    name: "bundles go node by node, and all the way",
    issued({ method, clusterId, args }) {
      if (clusterId === undefined) return undefined;
      const { fake } = world.cluster(clusterId);
      const [namespace, pod] = args;
      if (method === "deletePod" && namespace === BUNDLE_NAMESPACE && String(pod).startsWith(AGENT)) {
        const node = String(pod).slice(AGENT.length);
        const phase = nodesOf(clusterId).findLast((record) => record.node === node)?.phase;
        const isOn = fake.agents.get(node)?.effectiveMode === "BpfVeth";
        return isOn && AT_REST.has(phase) ? `the agent of ${node} is replaced, which is on and ${phase}` : undefined;
      }
      if (method !== "applyNodeObject") return undefined;
      const { name } = args[0] as { readonly name: string };
      const after = args[1] as HostRoutingNodeSpec;
      const before = fake.objects.get(name)?.spec;
      const isOn = fake.agents.get(name)?.effectiveMode === "BpfVeth" && before?.mode === "BpfVeth" && after.mode === "BpfVeth";
      const isOther = isOn && before.bundleDigest !== after.bundleDigest;
      if (!isOther || before.bootID !== after.bootID || activeOf(clusterId)?.control.bundles !== undefined) return undefined;
      return `${name} goes from ${before.bundleDigest.slice(-4)} to ${after.bundleDigest.slice(-4)} and nobody upgrades`;
    },
    storeChanged() {
      for (const operation of world.store.look().operations.values()) {
        if (!isTerminal(operation.phase) || judged.has(operation.id)) continue;
        judged.add(operation.id);
        const digest = broughtTo(operation);
        const node = digest === undefined ? undefined : otherThan(operation.clusterId, digest);
        if (node !== undefined) return `${operation.id} has ended as ${operation.phase}, and ${node} has another bundle than ${digest}`;
      }
      return undefined;
    },
    settled() {
      for (const { id, name } of world.clusters) {
        const { desiredMode, provisioningState } = world.managed(id);
        const digest = world.store.look().clusters.get(id)?.status?.bundle?.digest;
        const isOn = desiredMode === "BpfVeth" && provisioningState === "Succeeded" && digest !== undefined;
        const node = isOn ? otherThan(id, digest) : undefined;
        if (node !== undefined) return `${name} is at rest with bundle ${digest}, and ${node} has another`;
      }
      return undefined;
    },
  };
}

/** The bundle that every node has when this operation has ended as it did; nothing when some may have another. */
function broughtTo({ phase, error, control: { bundles } }: Operation): string | undefined {
  if (phase === "Succeeded") return bundles?.to.digest;
  return error?.code === "RolledBack" ? bundles?.from.digest : undefined;
}
