import type { ClusterFacts, NodeFacts } from "../facts.ts";
import { agentOs, good, unreadable, withNode, withNodes, type RuleCase } from "./good-facts.ts";

const says = (name: string, outcome: "Passed" | "Failed" | "Unknown"): ClusterFacts =>
  withNode({ agentOs, preconditions: [{ name, outcome, message: outcome === "Passed" ? "" : "seen" }] });

/** Every rule over agents' words has the same outcomes. */
const preconditionRows = (id: string, name: string): RuleCase[] => [
  [id, "holds", says(name, "Passed"), "passed"],
  [id, "does not hold", says(name, "Failed"), "failed", ["node n1"]],
  [id, "could not be read", says(name, "Unknown"), "unknown"],
  [id, "no agent yet", good, "skipped"],
  [id, "an agent that has not looked", withNode({ agentOs }), "unknown"],
  [id, "nodes not read", { ...good, nodes: unreadable }, "unknown"],
];

/** A rule that agents of earlier versions know nothing of. */
const optionalRows = (id: string, name: string): RuleCase[] => [
  ...preconditionRows(id, name),
  [id, "an agent that says others only", says("LoosePickup", "Passed"), "skipped"],
];
const scanned = (changes: Partial<NonNullable<NodeFacts["scan"]>>): ClusterFacts =>
  withNode({ scan: { image: "202610.12.0", ownTables: [], unread: undefined, ...changes } });
const configured = (status: "True" | "False" | "Unknown"): ClusterFacts => withNode({ masqueradeConfig: { status, message: "seen" } });
const counting = (longLived: number | undefined, nodeAction: ClusterFacts["nodeAction"] = "DrainAndSwitch"): ClusterFacts => ({
  ...withNode({ connections: { longLived } }),
  nodeAction,
});
const untold = (id: string): RuleCase[] => [
  [id, "no agent yet", good, "skipped"],
  [id, "nodes not read", { ...good, nodes: unreadable }, "unknown"],
];

/** Rules over what agents say of their nodes. */
export const nodeCases: readonly RuleCase[] = [
  ["PF-017", "a security module", withNode({ guardRung: "Lsm" }), "passed"],
  ["PF-017", "fmod_ret", withNode({ guardRung: "FmodRet" }), "passed"],
  ["PF-017", "rules are seen only", withNode({ guardRung: "Audit" }), "failed", ["node n1"]],
  ["PF-017", "neither", withNode({ guardRung: "Unsupported" }), "failed", ["node n1"]],
  ["PF-017", "an agent that does not say", withNode({ agentOs }), "skipped"],
  ["PF-017", "one that does not say beside one that does", withNodes({ guardRung: "Lsm" }, { name: "n2" }), "passed"],
  ["PF-017", "one of several", withNodes({ guardRung: "Lsm" }, { name: "n2", guardRung: "Audit" }), "failed", ["node n2"]],
  ["PF-017", "not asked of another driver", { ...withNode({ guardRung: "Audit" }), driver: "cilium" }, "skipped"],
  ["PF-017", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ["PF-019", "new enough", good, "passed"],
  ["PF-019", "an old one", withNode({ kernelVersion: "5.4.0-1100-azure" }), "failed", ["node n1"]],
  ["PF-019", "an old one on Windows", withNode({ os: "windows", kernelVersion: "10.0.20348.2582" }), "passed"],
  ["PF-019", "a kubelet that has not reported", withNode({ kernelVersion: "" }), "unknown"],
  ["PF-019", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ...preconditionRows("PF-009", "PolicyChains"),
  ...preconditionRows("PF-030", "UnexpectedRules"),
  ...preconditionRows("PF-032", "ForwardPolicy"),
  ...preconditionRows("PF-067", "LoosePickup"),
  ...preconditionRows("PF-068", "ConntrackZones"),
  ...preconditionRows("PF-069", "IpvsConntrack"),
  ...optionalRows("PF-018", "KernelFeatures"),
  ...optionalRows("PF-033", "OneBackend"),
  ...optionalRows("PF-038", "MasqueradeRanges"),
  ...optionalRows("PF-020", "Lockdown"),
  ...optionalRows("PF-025", "NetworkPlugins"),
  ...optionalRows("PF-034", "OtherFilters"),
  ...optionalRows("PF-039", "SourcePorts"),
  ...optionalRows("PF-040", "TableSizes"),
  ...untold("PF-031"),
  ["PF-031", "none", scanned({}), "passed"],
  ["PF-031", "somebody's own", scanned({ ownTables: ["inet mine forward"], unread: "nft: in part" }), "failed", ["node n1"]],
  ["PF-031", "nftables not read", scanned({ unread: "nft: timed out" }), "unknown"],
  ...untold("PF-035"),
  ["PF-035", "one that is known", scanned({}), "passed"],
  ["PF-035", "one that nobody knows", scanned({ image: "" }), "failed", ["node n1"]],
  ["PF-035", "its label not read", scanned({ image: undefined }), "unknown"],
  ...untold("PF-037"),
  ["PF-037", "valid", configured("True"), "passed"],
  ["PF-037", "invalid", configured("False"), "failed", ["node n1"]],
  ["PF-037", "not read", configured("Unknown"), "unknown"],
  ...untold("PF-057"),
  ["PF-057", "there", withNode({ bundleImage: { state: "Pulled", message: "" } }), "passed"],
  ["PF-057", "refused", withNode({ bundleImage: { state: "Refused", message: "SignatureValidationFailed" } }), "failed", ["node n1"]],
  ["PF-057", "a registry that is away", withNode({ bundleImage: { state: "NotPulled", message: "ImagePullBackOff" } }), "unknown"],
  [
    "PF-057",
    "a registry that is away for one, refused by the other",
    withNodes(
      { bundleImage: { state: "NotPulled", message: "ImagePullBackOff" } },
      { name: "n2", bundleImage: { state: "Refused", message: "InvalidImageName" } },
    ),
    "failed",
    ["node n2"],
  ],
  ["PF-059", "switched in place", counting(7, "SwitchInPlace"), "skipped"],
  ["PF-059", "no agent yet", { ...good, nodeAction: "DrainAndSwitch" }, "skipped"],
  ["PF-059", "no connections", counting(0), "passed"],
  ["PF-059", "some", counting(7), "failed", ["node n1"]],
  ["PF-059", "nobody counted", counting(undefined), "unknown"],
  ["PF-059", "nodes not read", { ...good, nodeAction: "DrainAndSwitch", nodes: unreadable }, "unknown"],
];
