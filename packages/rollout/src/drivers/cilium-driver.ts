import { EFFECTIVE_MODE_MISMATCH, whyNotSwitched } from "../agent-report.ts";
import type { Intent } from "../intent.ts";
import { isAskedFor } from "../node-step.ts";
import type { NodeObservation, NodeSpec } from "../snapshot.ts";
import { CLUSTER } from "../waits.ts";
import type { NodeDriver } from "./node-driver.ts";

/** Stands in `replacesPod` where the pod that runs has the order in force already. */
export const NO_POD = "none";

function write(wanted: NodeSpec, seen: NodeObservation, replacesPod: string): Intent {
  return { kind: "WriteNodeConfig", node: seen.name, uid: seen.uid, hostname: seen.hostname, spec: wanted, replacesPod };
}

/**
 * A Cilium that the cluster brings itself. A node is ordered by a CiliumNodeConfig of its own, which Cilium's agent reads when its pod starts: an order is in
 * force once the pod that ran when it was written is gone. Nothing of the kernel's takes a switch back here; an agent that does not say eBPF is taken back
 * by an order without overrides and one more restart. Of what the bundle does nothing is claimed: no guard, no scan, no census, no comparison, no confirmation.
 */
export const ciliumDriver: NodeDriver = {
  agent: "Cilium's agent",
  confirms: false,
  readsRules: false,
  fit: (snapshot) => ({
    ...snapshot,
    bundle: { image: "", digest: "" },
    policy: { ...snapshot.policy, analysisMode: "Off" },
  }),
  install: (_round, { nodes }) => ({ nodes, intents: [] }),
  isInstalled: () => true,
  replace: () => [],
  remove({ observed }) {
    const intents = observed.nodeObjects.map((node) => ({ kind: "DeleteNodeConfig", node }) as const);
    const waits =
      intents.length === 0 ? [] : [{ reason: "RemovingBundle", subject: CLUSTER, message: "Removing the nodes' objects." } as const];
    return { intents, waits, isDone: intents.length === 0 };
  },
  order(wanted, seen) {
    const { spec, agentPod, replacesPod = "" } = seen;
    const token = spec?.fencingToken ?? 0;
    if (token > wanted.fencingToken) return [];
    // An order that was written while no pod was seen says nothing of the pod that came: it may have started a moment before.
    const isAnchored = replacesPod !== "" || agentPod === undefined;
    if (!isAskedFor(wanted, seen) || !isAnchored) return [write(wanted, seen, agentPod?.uid ?? "")];
    if (token < wanted.fencingToken) return [write(wanted, seen, replacesPod)];
    if (agentPod === undefined || agentPod.deleting || agentPod.uid !== replacesPod) return [];
    return [{ kind: "RestartAgent", node: seen.name, namespace: agentPod.namespace, pod: agentPod.name }];
  },
  restate: (wanted, seen) => write(wanted, seen, NO_POD),
  whyNotVerified: whyNotSwitched,
  takenBack: ({ effectiveMode, message }) =>
    effectiveMode === "Legacy" ? { reason: EFFECTIVE_MODE_MISMATCH, message, byItself: false } : undefined,
};
