import { whyNotSwitched } from "../agent-report.ts";
import type { NodeDriver } from "./node-driver.ts";

/**
 * A Cilium that AKS manages: Azure is asked to change the cluster, and AKS reimages the nodes in its own order. Nothing is written to a node or into the
 * cluster here, so canary nodes, batches, analysis, our network policy and holding joining nodes back do not apply.
 */
export const aksArmDriver: NodeDriver = {
  agent: "Cilium's agent",
  confirms: false,
  readsRules: false,
  fit: (snapshot) => ({
    ...snapshot,
    bundle: { image: "", digest: "" },
    policy: { ...snapshot.policy, analysisMode: "Off", policyMode: "Off" },
  }),
  install: (_round, { nodes }) => ({ nodes, intents: [] }),
  isInstalled: () => true,
  replace: () => [],
  remove: () => ({ intents: [], waits: [], isDone: true }),
  order: () => [],
  restate: (wanted, seen) => ({ kind: "WriteNodeSpec", node: seen.name, uid: seen.uid, spec: wanted }),
  whyNotVerified: whyNotSwitched,
  takenBack: () => undefined,
};
