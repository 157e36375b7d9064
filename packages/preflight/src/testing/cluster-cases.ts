import { good, unreadable, withNode, type RuleCase } from "./good-facts.ts";

/** Rules over what the API server says of policies and rights. */
export const clusterCases: readonly RuleCase[] = [
  ["PF-044", "free or ours", good, "passed"],
  ["PF-044", "somebody else's", { ...good, managedPolicy: { known: true, value: "Foreign" } }, "failed", ["block-azure-destinations"]],
  ["PF-044", "somebody else's, not managed", { ...good, policyMode: "Off", managedPolicy: { known: true, value: "Foreign" } }, "skipped"],
  ["PF-044", "no such policies", { ...good, managedPolicy: { known: true, value: "Unsupported" } }, "skipped"],
  ["PF-044", "not read", { ...good, managedPolicy: unreadable }, "unknown"],
  ["PF-045", "known", good, "passed"],
  ["PF-045", "no such policies", { ...good, managedPolicy: { known: true, value: "Unsupported" } }, "failed"],
  [
    "PF-045",
    "no such policies, not managed",
    { ...good, policyMode: "Off", managedPolicy: { known: true, value: "Unsupported" } },
    "skipped",
  ],
  ["PF-045", "not read", { ...good, managedPolicy: unreadable }, "unknown"],
  ["PF-054", "every right", good, "passed"],
  ["PF-054", "not asked of Azure's own driver", { ...good, driver: "aks-arm", permissions: unreadable }, "skipped"],
  ["PF-054", "not read", { ...good, permissions: unreadable }, "unknown"],
  ["PF-058", "all well", good, "passed"],
  ["PF-058", "not ready", withNode({ ready: false }), "failed", ["node n1"]],
  ["PF-058", "cordoned", withNode({ cordoned: true }), "failed", ["node n1"]],
  ["PF-058", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ["PF-054", "no right", { ...good, permissions: { known: true, value: [] } }, "failed"],
];
