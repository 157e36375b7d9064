import type { Instant, Wait, WaitReason } from "@hostrouting/domain";

/** A wait before it knows how long it has lasted. `subject` is a node's name or "cluster". */
export type WaitDraft = {
  readonly reason: WaitReason;
  readonly subject: string;
  readonly message: string;
  readonly until?: Instant;
  /** What a person can do here beside what the reason's remedy says. */
  readonly alsoDo?: string;
};

/** The subject of waits that concern no single node. */
export const CLUSTER = "cluster";

/** 64 names enough nodes to act on; five thousand waits would be a list that nobody reads. */
const WAITS_MAX = 64;

/** What a person can do about each reason. */
export const remedies: Readonly<Record<WaitReason, string>> = {
  ClusterUnreachable:
    "Check that the cluster's API server runs and can be reached from the rollout worker, and that its credential is valid.",
  ClusterStateUnknown: "Nothing yet: what could not be read is asked again for a while.",
  LeaseHeldElsewhere:
    "Nothing: another worker takes care of the cluster. If there is none, as after the store was restored, delete Lease `rollout-worker` in namespace `acns-hostrouting`.",
  AdmissionQueue:
    "Nothing: it is let in when others have ended, the oldest first; `HOSTROUTING_ADMISSION_GLOBAL`, `_SUBSCRIPTION` and `_REGION` of the workers say how many go on at once.",
  EmergencyOff:
    "Find out why it was switched off; then clear `spec.emergencyOff` of HostRoutingConfig `default` or remove `/run/acns-hostrouting/off` on the node.",
  ProviderNotReady:
    "Nothing yet: nodes are made or removed. If the message names no progress, check that the process of this provider runs (`HOSTROUTING_PROVIDERS` of the control plane names those that there are), and its log.",
  Paused:
    "Look at what the message says; then resume the operation (`hostrouting resume`), after `hostrouting retry` or `skip` of nodes if need be, cancel it, or ask for the opposite mode.",
  OperationEnded:
    "Ask again for what is wanted: `hostrouting enable` goes on with the nodes that are missing, `hostrouting disable` switches off those that are on.",
  BundleInstalling: "Nothing yet; if it lasts, look at the pods of DaemonSet `hostrouting-agent` in namespace `acns-hostrouting`.",
  AgentNotReporting:
    "Look at the node's pod of DaemonSet `hostrouting-agent` in namespace `acns-hostrouting` (with a Cilium of your own: `cilium` in `kube-system`) and at its log.",
  NodeNotReady: "Bring the node back to Ready, or delete it if it will not return.",
  NodeUnhealthy:
    "Look at the node's pod of DaemonSet `hostrouting-agent` in namespace `acns-hostrouting` and at its log, and where no pods start at their Events (`FailedCreatePodSandBox`); mend the node, or delete it.",
  PreflightBlocked:
    "Do what the rule asks for, or let it fail for a while: an entry of `rolloutPolicy.preflightOverrides` with a reason and an end.",
  OverrideEnded: "Do what the rule asks for, or renew its entry of `rolloutPolicy.preflightOverrides` with a reason and a new end.",
  DisruptionBudgetFull: "Nothing: nodes are switched a few at a time; raise `rolloutPolicy.maxUnavailable` to go faster.",
  Draining: "Nothing yet: pods are being evicted.",
  PodDisruptionBudget: "Relax the PodDisruptionBudget, add replicas, or wait until its pods are healthy again.",
  ConnectionsDraining:
    "Nothing: the node is switched when its pods' connections have ended or the time is over; `rolloutPolicy.drainConnectionIdleMs` says how long.",
  DisruptionNotAcknowledged:
    "Acknowledge what may break: `hostrouting acknowledge` with the number that is shown; or cancel the operation.",
  Switching: "Nothing yet; if it lasts, look at the agent's log on that node.",
  Verifying: "Nothing yet; if it lasts, look at the node's probes in its HostRoutingNode.",
  Confirming: "Nothing yet; if it lasts, look at the agent's log on that node.",
  Soaking: "Nothing: the node must stay well for a while.",
  ApprovalPending: "Approve or reject it: `hostrouting approve` or `reject` with the gate's name and a comment.",
  ScheduledStart: "Nothing: it begins at its time; change or remove the gate in `rolloutPolicy.gates` to begin earlier.",
  WebhookPending: "See what the webhook checks; it is asked again. Or reject the gate: `hostrouting reject` with its name and a comment.",
  MaintenanceWindowClosed:
    "Nothing: nodes are started when a window opens; see `rolloutPolicy.maintenance`, or override PF-051 with a reason if it cannot wait.",
  NodeDisruptionBlocked:
    "Set `nodeDisruptionProfile.nodeDisruptionPolicy` to Allow for the time of the rollout, or override PF-052 with a reason if it cannot wait.",
  ClusterUpgrading:
    "Nothing: nodes are started again when it is over and preflight has passed; if it lasts, end it (`az aks upgrade`, `az aks nodepool upgrade`, or `az aks update` without options).",
  CanarySoaking: "Nothing: the first nodes of each kind must stay well for a while; `rolloutPolicy.canarySoakMs` says how long.",
  BatchSoaking: "Nothing: a batch must stay well for a while before the next one; `rolloutPolicy.batchSoakMs` says how long.",
  AnalysisRunning:
    "Nothing yet: switched nodes are compared with others; `rolloutPolicy.analysisCount` and `analysisIntervalMs` say for how long.",
  AnalysisInconclusive:
    "See which metric says nothing and why (`analysis` of the cluster's host routing); then resume the operation, which accepts these nodes as they are, or cancel it.",
  AnalysisError:
    "Look at the agents of the nodes that are named; then resume the operation, which accepts these nodes as they are, or cancel it.",
  FinalSoaking: "Nothing: all nodes must stay well for a while; `rolloutPolicy.finalSoakMs` says how long.",
  Detaching: "Nothing yet; if it lasts, look at the agent's log on that node.",
  RemovingBundle: "Nothing yet; if it lasts, look for pods of `hostrouting-agent` that do not end.",
  PolicyNotInPlace:
    "Nothing yet; if it lasts, see what the message says, or set `rolloutPolicy.policyMode` to Off and deny the addresses yourself.",
  PolicyContested:
    "Find who keeps writing the network policy, and take it out of what they manage; it is put right again when the time is over.",
  PolicyForeign: "Rename or delete the network policy of that name, which is somebody else's; it is never overwritten.",
  PolicyUnsupported:
    "Install Cilium's definition of CiliumClusterwideNetworkPolicy, or set `rolloutPolicy.policyMode` to Off and deny the addresses yourself.",
  AzureUnknown:
    "Check that Azure can be reached from the rollout worker, and the settings that the cluster's `accessReference` names; it is asked again.",
  AzureBusy: "Nothing: the change is sent when Azure has ended what it does with the cluster; see its activity log.",
  AzureThrottled: "Nothing: it is asked again when Azure said; let fewer clusters of the subscription be changed at once.",
  AzureChanging: "Nothing yet: AKS changes the cluster in its own order; canary nodes and batches of the policy do not apply to that.",
  AzureReimaging: "Nothing yet; if it lasts, look at the node's pool in Azure and at the cluster's activity log.",
  PlatformRulesMissing:
    "Put the node's rules back (`iptables -w -I FORWARD -d ADDRESS -p tcp --dport PORT -j DROP`) or reimage the node; or set `rolloutPolicy.policyMode` to Off to do without them.",
  PlatformRulesUnknown:
    "Look at `status.scan` of its HostRoutingNode and at the agent's log; or set `rolloutPolicy.policyMode` to Off to do without the node's rules.",
  RemovingPolicy: "Nothing yet; if it lasts, look for finalizers on the network policy.",
};

/** Completes waits: their remedy, and since when each has lasted, carried over from the round before. At most 64: those of the whole cluster, then the oldest. */
export function completeWaits(drafts: readonly WaitDraft[], previous: readonly Wait[], now: Instant): readonly Wait[] {
  const since = new Map(previous.map((wait) => [`${wait.reason} ${wait.subject}`, wait.since]));
  const all = drafts
    .map((draft) => ({
      reason: draft.reason,
      subject: draft.subject,
      since: since.get(`${draft.reason} ${draft.subject}`) ?? now,
      until: draft.until,
      message: draft.message,
      remedy: [remedies[draft.reason], draft.alsoDo].filter((part) => part !== undefined).join(" "),
    }))
    .toSorted((a, b) => a.since - b.since);
  if (all.length <= WAITS_MAX) return all;
  const kept = new Set(all.toSorted((a, b) => Number(isOfNode(a)) - Number(isOfNode(b))).slice(0, WAITS_MAX));
  return all.filter((wait) => kept.has(wait));
}

/** Whether it is about one node; a gate holds the whole cluster, and its subject is the gate. */
function isOfNode({ subject, reason }: Wait): boolean {
  return subject !== CLUSTER && reason !== "ApprovalPending" && reason !== "ScheduledStart" && reason !== "WebhookPending";
}

/** Since when a reason has held for a subject; nothing when it did not hold in the round before. */
export function waitingSince(previous: readonly Wait[], reason: WaitReason, subject: string): Instant | undefined {
  return previous.find((wait) => wait.reason === reason && wait.subject === subject)?.since;
}
