import type { AzureFacts, ClusterFacts, Known } from "../facts.ts";
import { good, unreadable, withNode, type RuleCase } from "./good-facts.ts";

const onAzure = (facts: ClusterFacts): ClusterFacts => ({ ...facts, driver: "aks-arm" });
const known = <T>(value: T): Known<T> => ({ known: true, value });
const saidByAzure: AzureFacts = { found: "Found", locks: known([]), missingActions: known([]), writesLeft: known(20) };
const azure = (changes: Partial<AzureFacts>): ClusterFacts =>
  onAzure({ ...good, azure: { known: true, value: { ...saidByAzure, ...changes } } });
/** Rules over Azure's words hold where there is nothing to object to, and are nobody else's. */
const azureRows = (id: string): RuleCase[] => [
  [id, "nothing to object to", onAzure(good), "passed"],
  [id, "not asked", onAzure({ ...good, azure: unreadable }), "unknown"],
  [id, "not asked of the bundle's clusters", { ...good, azure: unreadable }, "skipped"],
];

/** Rules over what Azure says, and over what the API server says of policies and rights. */
export const clusterCases: readonly RuleCase[] = [
  ...azureRows("PF-001"),
  ["PF-001", "not there", azure({ found: "NotFound" }), "failed", ["cluster"]],
  ["PF-001", "not shown to us", azure({ found: "Forbidden" }), "failed", ["cluster"]],
  ...azureRows("PF-005"),
  ["PF-005", "a lock", azure({ locks: known(["lock do-not-touch on MC_shop"]) }), "failed", ["lock do-not-touch on MC_shop"]],
  ["PF-005", "locks that may not be read", azure({ locks: unreadable }), "unknown"],
  ...azureRows("PF-055"),
  ["PF-055", "rights that may not be read", azure({ missingActions: unreadable }), "unknown"],
  [
    "PF-055",
    "no right to write pools",
    azure({ missingActions: known(["Microsoft.ContainerService/managedClusters/agentPools/write"]) }),
    "failed",
    ["Microsoft.ContainerService/managedClusters/agentPools/write"],
  ],
  ...azureRows("PF-066"),
  ["PF-066", "nothing was written yet", azure({ writesLeft: unreadable }), "unknown"],
  ["PF-066", "the last one", azure({ writesLeft: known(1) }), "passed"],
  ["PF-066", "none", azure({ writesLeft: known(0) }), "failed", ["subscription"]],
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
