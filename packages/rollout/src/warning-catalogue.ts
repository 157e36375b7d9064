import type { HostRoutingWarning } from "@hostrouting/domain";

/**
 * What all warnings of one code have in common. `impact`: what it means for the cluster; `impactUnit`: of what `impactNumber` is the number; `remedy`: what
 * people can do; `hiddenBy`: when it is not shown though it holds; `mustLastSeconds`: for how long it must hold before it is shown and told.
 */
type WarningKind = Required<
  Pick<HostRoutingWarning, "title" | "severity" | "impact" | "impactUnit" | "remedy" | "hiddenBy" | "mustLastSeconds">
>;

/** What is often unknown for a moment, as while an agent begins, is looked at again within a minute. */
const A_MOMENT_SECONDS = 90;

const OFF = "Nodes on which host routing is not on are left out, and so is an agent's report of an earlier boot.";

/**
 * Everything that a rollout warns of between preflights, which has its own catalogue: the rules. Critical: something is not protected, or not
 * reachable, that people believe to be. Information: it is wanted, as far as one can tell.
 */
export const WARNING_CATALOGUE = {
  "guard-tampered": {
    title: "Somebody meddled with the guard",
    severity: "Critical",
    impact: "Whoever removes its pins or writes into its tables wants rules that nobody refuses. The guard put it right within seconds.",
    remedy: "Find out which pod or person has access to /sys/fs/bpf of these nodes or may call bpf() there.",
    impactUnit: "nodes",
    hiddenBy: "An hour after the last time it is over. Nodes on which host routing is not on are left out.",
    mustLastSeconds: 0,
  },
  "guard-break-glass": {
    title: "The guard lets everything through for a time",
    severity: "Information",
    impact: "Rules that are written now are told of and not refused, and pods' packets pass them by.",
    remedy:
      "Nothing is to be done if that is wanted: it ends by itself. To end it now, remove spec.guard.auditUntil of HostRoutingConfig/default.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: 0,
  },
  "guard-not-refusing": {
    title: "Packet filter rules are not refused",
    severity: "Warning",
    impact: "Rules that are written on these nodes stay, and pods' packets pass them by.",
    remedy:
      "Use a node image whose kernel has `bpf` in its list of security modules or allows fmod_ret; until then the Events AuditedIPTablesRule say who writes some, and UnexpectedIPTablesRules which are there.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: A_MOMENT_SECONDS,
  },
  "rules-passed-by": {
    title: "Pods' packets pass packet filter rules by",
    severity: "Critical",
    impact: "What these rules deny, translate or mark for pods does not happen on these nodes.",
    remedy: "Say the same with a network policy where it is needed, then remove the rules with the commands that the node's findings name.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: 0,
  },
  "rules-unknown": {
    title: "Packet filter rules cannot be read",
    severity: "Warning",
    impact: "Nobody can tell whether pods' packets pass a rule by on these nodes.",
    remedy: "Repair what is named; the nodes are looked at again every minute. The message names the tool and its words.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: A_MOMENT_SECONDS,
  },
  "default-rules-missing": {
    title: "Packet filter rules that AKS writes are gone or altered",
    severity: "Warning",
    impact:
      "While host routing is on, its network policy keeps pods from the wireserver and the metadata service; once it is off, these rules alone do.",
    remedy: "Find out who took them away (Events of these nodes, the audit log), and reimage the nodes.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: 0,
  },
  "node-image-unknown": {
    title: "The nodes' image is not known",
    severity: "Information",
    impact: "Rules of every known image count as the nodes' own until then, and nobody can tell whether one of theirs is gone.",
    remedy: "Upgrade the node image, or ask for a newer version of host routing.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: A_MOMENT_SECONDS,
  },
  "masquerade-config-invalid": {
    title: "The masquerade configuration is not in force",
    severity: "Warning",
    impact: "The last configuration that could be read stays in force: pods' way out of the cluster is not what the files say.",
    remedy: "Mend the file that is named; it is read again when it changes.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: 0,
  },
  "policy-not-enforced": {
    title: "Pods reach what a network policy denies, or the agent cannot deny it",
    severity: "Critical",
    impact: "Any pod of these nodes may reach it: keys and identities of the nodes may be in others' hands.",
    remedy:
      "Look at `status.policy` and `status.probes` of these nodes' HostRoutingNodes; until it is mended, switch host routing off (`hostrouting disable`), and the nodes' own rules deny again.",
    impactUnit: "nodes",
    hiddenBy: OFF,
    mustLastSeconds: 0,
  },
  "network-policy-drifted": {
    title: "The network policy was changed",
    severity: "Critical",
    impact: "Pods may reach what it is to deny.",
    remedy: "Change it back, or set `rolloutPolicy.policyMode` to Correct.",
    impactUnit: "policies",
    hiddenBy: "Mode Correct puts it right at once: then there is an Event only. Not shown while no node needs the policy.",
    mustLastSeconds: 0,
  },
  "network-policy-contested": {
    title: "Somebody keeps changing the network policy",
    severity: "Critical",
    impact: "Pods may reach what it is to deny, and no further node is switched on.",
    remedy: "Find who writes it (a GitOps tool, an admission webhook, a script), and take the policy out of what it manages.",
    impactUnit: "policies",
    hiddenBy: "Not shown while no node needs the policy.",
    mustLastSeconds: 0,
  },
  "network-policy-foreign": {
    title: "The network policy's name is somebody else's",
    severity: "Critical",
    impact: "Pods may reach what ours would deny, and no further node is switched on.",
    remedy: "Rename or delete the other policy; it is never overwritten.",
    impactUnit: "policies",
    hiddenBy: "Not shown while no node needs the policy.",
    mustLastSeconds: 0,
  },
  "network-policy-notmanaged": {
    title: "No network policy stands for the nodes' rules",
    severity: "Warning",
    impact: "On nodes that route by eBPF pods reach what rules of the node deny: Azure's wireserver and metadata service.",
    remedy: "Set `rolloutPolicy.policyMode` to Correct, or deny these addresses with policies of your own.",
    impactUnit: "policies",
    hiddenBy: "Not shown while no node needs the policy.",
    mustLastSeconds: 0,
  },
  "node-held-back": {
    title: "Pods are kept off nodes that have joined",
    severity: "Warning",
    impact: "These nodes are paid for and run nothing: pods come to them only when host routing is on there.",
    remedy:
      "Do what the node's wait asks for. To let pods onto it all the same, set `rolloutPolicy.taintFailOpenMinutes`; taking the taint away by hand does not last.",
    impactUnit: "nodes",
    hiddenBy: "Not shown before ten minutes have passed, and no more once pods are let onto the node.",
    mustLastSeconds: 0,
  },
  "taint-failed-open": {
    title: "Nodes run pods without host routing",
    severity: "Warning",
    impact: "Their pods' packets take the stack; the network policies of these nodes still hold. They are switched as soon as that can be.",
    remedy: "Look at the node's wait and at its agent's log; host routing is switched on in place when the reason is gone.",
    impactUnit: "nodes",
    hiddenBy: "Not shown any more once host routing is on there.",
    mustLastSeconds: 0,
  },
  "joining-nodes-run-pods": {
    title: "Pods may run on a node that joins before host routing is on there",
    severity: "Information",
    impact:
      "Such a node is tainted only when the worker has seen it, and its first pods may have come by then; they are switched with it, in place.",
    remedy: "Upgrade the cluster to Kubernetes 1.36, or do what the message says.",
    impactUnit: "policies",
    hiddenBy: "Not shown while nodes that join are not held back.",
    mustLastSeconds: 0,
  },
  "unsupported-pool": {
    title: "Host routing cannot be on for nodes that were added",
    severity: "Warning",
    impact: "Pods of these nodes take the stack, and packet filter rules count there as ever. They are never switched.",
    remedy: "Move their pods to a pool of Ubuntu 24.04 (`Ubuntu2404`) or Azure Linux 3.0 (`AzureLinux3`), and delete the pool.",
    impactUnit: "nodes",
    hiddenBy: "Not shown while host routing is off; of more than twenty nodes the first are named.",
    mustLastSeconds: 0,
  },
  "connection-disruption": {
    title: "Connections were disrupted",
    severity: "Warning",
    impact: "Clients of these pods saw errors and had to connect again.",
    remedy:
      "Check whether these pods were restarted or scaled meanwhile; otherwise pause the rollout and look at the node with `hostrouting node trace`.",
    impactUnit: "connections",
    hiddenBy:
      "Up to three connections, or three times as many as were usual before the switch, are left out; of twenty nodes at most those with the most are shown. The next switch of the node replaces it.",
    mustLastSeconds: 0,
  },
  "canary-silence": {
    title: "Canary flows were disturbed",
    severity: "Warning",
    impact: "Pods' flows on the same paths were interrupted as long.",
    remedy:
      "Pause the rollout, and look at the node with `hostrouting node trace`; without other load on it, report this as a fault of host routing.",
    impactUnit: "flows",
    hiddenBy:
      "A second of silence is left out, which is what TCP takes to send again; twenty nodes at most are shown. The next switch of the node replaces it.",
    mustLastSeconds: 0,
  },
  "worker-rights-missing": {
    title: "The rollout worker lacks rights in the cluster",
    severity: "Warning",
    impact: "The rollout goes on without what it would do with them.",
    remedy:
      "Apply `infra/k8s/worker-rbac.yaml` of the worker's version (with a Cilium of your own `cilium/worker-rbac.yaml` too), and look whether it is still bound to the identity that the rollout uses.",
    impactUnit: "rights",
    hiddenBy: "Rights that are needed only while nodes are switched are missed only then.",
    mustLastSeconds: A_MOMENT_SECONDS,
  },
  "partially-enabled": {
    title: "Not every node is what was asked for",
    severity: "Warning",
    impact:
      "Where host routing is on for some nodes only, they differ in which packet filter rules count for pods and in how packets leave: what works on one may fail on another.",
    remedy:
      "Look why nodes wait or failed (`hostrouting status`). To go on with them: `hostrouting enable` after an operation that failed or was canceled, `hostrouting upgrade` after one that succeeded without them. To switch it off: `hostrouting disable`, or `rollback` after a failure.",
    impactUnit: "nodes",
    hiddenBy: "Not shown while an operation is under way, nor before `rolloutPolicy.hybridGraceMs` is over.",
    mustLastSeconds: 0,
  },
} as const satisfies Readonly<Record<string, WarningKind>>;

/** The `id` of a warning that comes from here. */
export type WarningCode = keyof typeof WARNING_CATALOGUE;

/** A warning of the catalogue. `message`: what was seen; `subjects`: where; `impactNumber`: how many, as many as there are subjects unless given. */
export function catalogued(
  id: WarningCode,
  seen: Pick<HostRoutingWarning, "message" | "subjects"> & { readonly impactNumber?: number },
): HostRoutingWarning {
  return { id, ...WARNING_CATALOGUE[id], impactNumber: seen.subjects.length, ...seen };
}

/** Whether a warning comes from here: such warnings are derived anew in each round. */
export function isCatalogued<Warning extends Pick<HostRoutingWarning, "id">>(
  warning: Warning,
): warning is Warning & { readonly id: WarningCode } {
  return Object.hasOwn(WARNING_CATALOGUE, warning.id);
}
