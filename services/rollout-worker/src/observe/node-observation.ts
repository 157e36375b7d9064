import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import { as, type NodeName, type NodeUid } from "@hostrouting/domain";
import {
  BUNDLE_NAMESPACE,
  CORDONED_BY_ANNOTATION,
  DIGEST_ANNOTATION,
  ENABLED_LABEL,
  OWNER_ANNOTATION,
  SCALE_DOWN_ANNOTATION,
  SCALE_DOWN_HELD_ANNOTATION,
  USER_RULES_LABEL,
  type HostRoutingNodeObject,
  type V1Node,
  type V1Pod,
} from "@hostrouting/kube";
import { readQuantity, whyNodeIsIneligible, type NodeFacts } from "@hostrouting/preflight";
import type { NodeObservation, NodeReport, PodReference } from "@hostrouting/rollout";

/** A runtime's word on an image; a longer one repeats itself. */
const IMAGE_CHARACTERS_MAX = 300;

const isConditionTrue = (conditions: readonly { readonly type: string; readonly status: string }[] | undefined, type: string): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;

/** What preflight wants to know of a node. */
export function nodeFacts(node: V1Node, object: HostRoutingNodeObject | undefined, bundlePod: V1Pod | undefined): NodeFacts {
  const labels = node.metadata?.labels ?? {};
  const info = node.status?.nodeInfo;
  return {
    name: node.metadata?.name ?? "",
    pool: labels["kubernetes.azure.com/agentpool"] ?? "",
    os: labels["kubernetes.io/os"] ?? "",
    osSkuEffective: labels["kubernetes.azure.com/os-sku-effective"] ?? "",
    osImage: info?.osImage ?? "",
    upgradeStatus: labels["kubernetes.azure.com/upgrade-status"] ?? "",
    instanceType: labels["node.kubernetes.io/instance-type"] ?? "",
    kubeletVersion: info?.kubeletVersion ?? "",
    kernelVersion: info?.kernelVersion ?? "",
    createdAtMs: createdAt(node),
    ready: isConditionTrue(node.status?.conditions, "Ready"),
    cordoned: node.spec?.unschedulable === true,
    allocatable: allocatable(node),
    bundleImage: bundleImage(bundlePod),
    ...agentFacts(object?.status?.nodeUID === node.metadata?.uid ? object?.status : undefined),
  };
}

function allocatable({ status }: V1Node): NodeFacts["allocatable"] {
  const cpu = readQuantity(status?.allocatable?.["cpu"] ?? "");
  const memory = readQuantity(status?.allocatable?.["memory"] ?? "");
  return cpu === undefined || memory === undefined ? undefined : { cpuMilli: cpu * 1_000, memoryBytes: memory };
}

/** How a kubelet says that it has no image for a container: these may be over at its next try, these need a change (kubelet's images package). */
const NOT_PULLED = new Set(["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"]);
const REFUSED = new Set(["InvalidImageName", "SignatureValidationFailed"]);

/** What a kubelet says of the bundle's image; nothing as long as it says neither that it has it nor that it has not. */
function bundleImage(pod: V1Pod | undefined): NodeFacts["bundleImage"] {
  const container = pod?.status?.containerStatuses?.[0];
  if (container === undefined) return undefined;
  const { reason = "", message = "" } = container.state?.waiting ?? {};
  const said = `${reason}: ${message.slice(0, IMAGE_CHARACTERS_MAX)}`;
  if (REFUSED.has(reason)) return { state: "Refused", message: said };
  if (NOT_PULLED.has(reason)) return { state: "NotPulled", message: said };
  return container.imageID === "" ? undefined : { state: "Pulled", message: "" };
}

/** The client hands out a Date where it has parsed the object, and text where it has not. */
function createdAt(node: V1Node): number | undefined {
  const said: unknown = node.metadata?.creationTimestamp;
  const ms = said instanceof Date ? said.getTime() : Date.parse(typeof said === "string" ? said : "");
  return Number.isNaN(ms) ? undefined : ms;
}

/** What only the node's agent can know; undefined where it has not said it of this node. */
function agentFacts(
  status: HostRoutingNodeStatus | undefined,
): Pick<NodeFacts, "agentOs" | "preconditions" | "guardRung" | "scan" | "masqueradeConfig" | "connections"> {
  const facts = status?.facts;
  const config = status?.conditions?.find(({ type }) => type === "MasqueradeConfigInSync");
  return {
    scan: scanFacts(status?.scan),
    masqueradeConfig: config && { status: config.status, message: config.message },
    agentOs: facts?.osId === undefined ? undefined : { id: facts.osId, versionId: facts.osVersionId ?? "" },
    preconditions: facts?.preconditions?.map(({ name, outcome, message }) => ({ name, outcome, message: message ?? "" })),
    guardRung: facts?.guardRung,
    connections: status?.census && { longLived: status.census.state === "Known" ? status.census.longLived : undefined },
  };
}

/** The report of a node's agent; absent until the agent has said of which node and boot it speaks. */
export function nodeReport(object: HostRoutingNodeObject | undefined): NodeReport | undefined {
  const status = object?.status;
  if (status?.nodeUID === undefined || status.bootID === undefined) return undefined;
  const observedAt = Date.parse(status.observedAt ?? "");
  return {
    observedGeneration: status.observedGeneration ?? 0,
    nodeUID: status.nodeUID,
    bootID: status.bootID,
    bundleDigest: status.bundleDigest ?? "",
    effectiveMode: status.effectiveMode ?? "Unknown",
    confirmed: status.confirmed ?? false,
    reason: status.reason ?? "",
    message: status.message ?? "",
    fastShare: status.fastShare,
    stackReasons: status.stackReasons ?? [],
    refusedDevices: status.refusedDevices ?? 0,
    refusals: status.refusals ?? [],
    disruption: disruptionFigures(status.disruption),
    census: censusFigures(status.census),
    canaries: status.disruption?.canaries?.map(({ name, longestSilenceMs = 0, failed = false }) => ({ name, longestSilenceMs, failed })),
    conditions: status.conditions?.map(({ type, status: holds, reason, message }) => ({ type, status: holds, reason, message })),
    scan: ruleScan(status.scan),
    platformRules: status.scan?.platformRules && {
      state: status.scan.platformRules.state,
      missing: status.scan.platformRules.missing ?? [],
    },
    attachedDevices: (status.devices ?? []).filter((device) => device.attached).length,
    probes: (status.probes ?? []).map(({ name, outcome, message }) => ({ name, outcome, message: message ?? "" })),
    figures: comparedFigures(status.figures),
    observedAtMs: Number.isNaN(observedAt) ? undefined : observedAt,
  };
}

/** Sources by which the agent reads nftables; see its rule readers. */
const NFT_SOURCE = /^nft/;

function scanFacts(said: HostRoutingNodeStatus["scan"]): NodeFacts["scan"] {
  if (said?.state === undefined) return undefined;
  const own = (said.rules ?? []).filter((rule) => rule.class === "Bypassed" && rule.backend === "nft");
  const unread = said.unread?.find(({ source }) => NFT_SOURCE.test(source));
  return {
    image: said.image,
    ownTables: [...new Set(own.map(({ family, table, chain }) => `${family} ${table} ${chain}`.trim()))],
    unread: unread && `${unread.source} ${unread.at}: ${unread.why}`,
  };
}

function ruleScan(said: HostRoutingNodeStatus["scan"]): NodeReport["scan"] {
  if (said?.state === undefined) return undefined;
  const rules = (said.rules ?? []).map(({ reason = "", remedy = "", owner, removal, changedBy, ...rule }) => {
    return { ...rule, reason, remedy, owner, removal, changedBy };
  });
  return { state: said.state, digest: said.digest ?? "", findings: said.findings ?? 0, rules, unread: said.unread ?? [] };
}

/** Counters without a time from which they count say nothing. */
function comparedFigures(said: HostRoutingNodeStatus["figures"]): NodeReport["figures"] {
  if (said === undefined) return undefined;
  const { since, ...figures } = said;
  const sinceMs = Date.parse(since);
  return Number.isNaN(sinceMs) ? undefined : { ...figures, sinceMs };
}

/** Figures without a step are of no switch: the agent only said that it cannot measure. */
function disruptionFigures(said: HostRoutingNodeStatus["disruption"]): NodeReport["disruption"] {
  if (said?.step === undefined) return undefined;
  const { step, byReason, before } = said;
  return {
    step,
    flowsAtSwitch: said.flowsAtSwitch ?? 0,
    disrupted: said.disrupted ?? 0,
    byReason: { reset: byReason?.reset ?? 0, timeout: byReason?.timeout ?? 0, connectFailure: byReason?.connectFailure ?? 0 },
    byPod: (said.byPod ?? []).map(({ pod }) => pod),
    watchedSeconds: said.watchedSeconds ?? 0,
    before: { disrupted: before?.disrupted ?? 0, seconds: before?.seconds ?? 0 },
  };
}

function censusFigures(said: HostRoutingNodeStatus["census"]): NodeReport["census"] {
  return said && { state: said.state, longLived: said.longLived ?? 0, message: said.message ?? "" };
}

/** The pod of the bundle on each node, by the node's name: the one that is not on its way out, if there is one. */
export function bundlePodsByNode(pods: readonly V1Pod[]): ReadonlyMap<string, V1Pod> {
  const byNode = new Map<string, V1Pod>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName ?? "";
    const known = byNode.get(node);
    const isBetter = known?.metadata?.deletionTimestamp !== undefined && pod.metadata?.deletionTimestamp === undefined;
    if (known === undefined || isBetter) byNode.set(node, pod);
  }
  return byNode;
}

function agentPod(pod: V1Pod | undefined): NodeObservation["agentPod"] {
  if (pod === undefined) return undefined;
  return {
    namespace: pod.metadata?.namespace ?? BUNDLE_NAMESPACE,
    name: pod.metadata?.name ?? "",
    uid: pod.metadata?.uid ?? "",
    bundleDigest: pod.metadata?.annotations?.[DIGEST_ANNOTATION] ?? "",
    ready: isConditionTrue(pod.status?.conditions, "Ready"),
    deleting: pod.metadata?.deletionTimestamp !== undefined,
  };
}

/** Where a node is, and what makes nodes behave alike: a newer node image may come under the same kernel and the same name of the OS. */
function placeOf(node: V1Node, { pool, osImage }: NodeFacts): Pick<NodeObservation, "pool" | "isSystem" | "hostname" | "zone" | "stratum"> {
  const labels = node.metadata?.labels ?? {};
  const { kernelVersion = "", architecture = "" } = node.status?.nodeInfo ?? {};
  return {
    pool,
    isSystem: labels["kubernetes.azure.com/mode"] === "system",
    hostname: labels["kubernetes.io/hostname"] ?? node.metadata?.name ?? "",
    zone: labels["topology.kubernetes.io/zone"] ?? "",
    stratum: [pool, osImage, kernelVersion, architecture, labels["kubernetes.azure.com/node-image-version"] ?? ""].join(" | "),
  };
}

/** Handed back as a whole when one is added or removed, with the times that the API server wrote. */
function taintsOf({ spec }: V1Node): NodeObservation["taints"] {
  return (spec?.taints ?? []).map(({ key, value, effect, timeAdded }) => {
    const at: unknown = timeAdded;
    const said = at instanceof Date ? at.toISOString() : at;
    return { key, effect, ...(value === undefined ? {} : { value }), ...(typeof said === "string" ? { timeAdded: said } : {}) };
  });
}

function scaleDownOf({ metadata }: V1Node): NodeObservation["scaleDown"] {
  const annotations = metadata?.annotations ?? {};
  return { isSet: annotations[SCALE_DOWN_ANNOTATION] !== undefined, heldBy: annotations[SCALE_DOWN_HELD_ANNOTATION] };
}

/** Everything about one node, put together from what was read. */
export function nodeObservation(
  node: V1Node,
  read: {
    readonly object: HostRoutingNodeObject | undefined;
    readonly bundlePod: V1Pod | undefined;
    readonly podsToEvict: readonly PodReference[] | undefined;
  },
): NodeObservation {
  const { metadata } = node;
  const facts = nodeFacts(node, read.object, read.bundlePod);
  const spec = read.object?.spec;
  return {
    name: as<NodeName>(facts.name),
    uid: as<NodeUid>(metadata?.uid ?? ""),
    bootId: node.status?.nodeInfo?.bootID ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    ...placeOf(node, facts),
    ready: facts.ready && metadata?.deletionTimestamp === undefined,
    unschedulable: facts.cordoned,
    ineligible: whyNodeIsIneligible(facts),
    cordonedBy: metadata?.annotations?.[CORDONED_BY_ANNOTATION],
    userRules: metadata?.labels?.[USER_RULES_LABEL],
    labelled: metadata?.labels?.[ENABLED_LABEL] === "true",
    owner: metadata?.annotations?.[OWNER_ANNOTATION],
    taints: taintsOf(node),
    scaleDown: scaleDownOf(node),
    spec: spec?.nodeUID === metadata?.uid ? spec : undefined,
    report: nodeReport(read.object),
    agentPod: agentPod(read.bundlePod),
    podsToEvict: read.podsToEvict,
  };
}
