/** Annotation of a pod or a namespace whose pods keep the kernel's ordinary path, both ways. A pod's own word counts before its namespace's. */
export const OPT_OUT_ANNOTATION = "hostrouting.acns.azure.com/opt-out";

/** Annotations of the CNI bandwidth plugin. Its queues stand on the host's end of the pod's device, which redirected packets pass by. */
const BANDWIDTH_ANNOTATIONS = ["kubernetes.io/ingress-bandwidth", "kubernetes.io/egress-bandwidth"] as const;

/** Why a pod that could be fast is not. */
export type StayReason = "OptOut" | "BandwidthLimit";

/** A port of the node that a pod has for itself. */
export type HostPort = { protocol: "TCP" | "UDP" | "SCTP"; port: number };

/** A pod of this node that has not ended, as far as the datapath cares. `addresses` as Kubernetes writes them. */
export type NodePod = {
  /** `namespace/name` */
  name: string;
  namespace: string;
  addresses: string[];
  hostNetwork: boolean;
  hostPorts: HostPort[];
  optOut: string | undefined;
  bandwidthLimited: boolean;
};

/** Who a pod is. `controller`: what made it, if anything did. `containerIds`: without the runtime's name before them. */
export type PodIdentity = {
  uid: string;
  serviceAccount: string;
  controller: { kind: string; name: string } | undefined;
  containerIds: string[];
};

/** What the kubelet found of a pod. `isReady`: undefined for one that does not run yet, or that is about to go. */
export type PodHealth = { isReady: boolean | undefined };

/** A namespace's own word. */
export type NamespaceChoice = { name: string; optOut: string };

type Owner = { kind: string; name: string; controller?: boolean };
type Metadata = {
  name: string;
  namespace?: string;
  uid?: string;
  deletionTimestamp?: string;
  annotations?: Record<string, string>;
  ownerReferences?: Owner[];
};
type Container = { ports?: { hostPort?: number; protocol?: string }[] };
type ContainerStatus = { containerID?: string };
type PodObject = {
  metadata: Metadata;
  spec?: { hostNetwork?: boolean; serviceAccountName?: string; containers?: Container[]; initContainers?: Container[] };
  status?: {
    phase?: string;
    conditions?: { type: string; status: string }[];
    podIP?: string;
    podIPs?: { ip: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
    ephemeralContainerStatuses?: ContainerStatus[];
  };
};

/** Reads a pod; undefined when it has ended: its address may be another's already. */
export function readNodePod(object: unknown): (NodePod & PodIdentity & PodHealth) | undefined {
  const { metadata, spec = {}, status = {} } = object as PodObject;
  if (status.phase === "Succeeded" || status.phase === "Failed") return undefined;
  const annotations = metadata.annotations ?? {};
  const namespace = metadata.namespace ?? "";
  return {
    name: `${namespace}/${metadata.name}`,
    namespace,
    uid: metadata.uid ?? "",
    serviceAccount: spec.serviceAccountName ?? "",
    controller: controllerOf(metadata),
    containerIds: [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
      ...(status.ephemeralContainerStatuses ?? []),
    ].flatMap(({ containerID }) => (containerID ? [containerID.replace(/^.*:\/\//, "")] : [])),
    addresses: (status.podIPs ?? (status.podIP ? [{ ip: status.podIP }] : [])).map(({ ip }) => ip),
    hostNetwork: spec.hostNetwork === true,
    hostPorts: [...(spec.initContainers ?? []), ...(spec.containers ?? [])].flatMap(hostPorts),
    optOut: annotations[OPT_OUT_ANNOTATION],
    bandwidthLimited: BANDWIDTH_ANNOTATIONS.some((name) => name in annotations),
    isReady: readinessOf(metadata, status),
  };
}

/** Reads a namespace; undefined when it says nothing. */
export function readNamespaceChoice(object: unknown): NamespaceChoice | undefined {
  const { name, annotations } = (object as { metadata: Metadata }).metadata;
  const optOut = annotations?.[OPT_OUT_ANNOTATION];
  return optOut === undefined ? undefined : { name, optOut };
}

/**
 * Why this pod stays on the stack, or undefined. Whatever is written but "false" opts out: a mistyped value must not put a pod
 * onto the path that somebody wanted to keep it from.
 */
export function stayReason(pod: NodePod, namespaces: readonly NamespaceChoice[]): StayReason | undefined {
  const choice = pod.optOut ?? namespaces.find(({ name }) => name === pod.namespace)?.optOut ?? "false";
  if (choice !== "false") return "OptOut";
  return pod.bandwidthLimited ? "BandwidthLimit" : undefined;
}

function controllerOf({ ownerReferences = [] }: Metadata): PodIdentity["controller"] {
  const owner = ownerReferences.find(({ controller }) => controller === true);
  return owner && { kind: owner.kind, name: owner.name };
}

function readinessOf({ deletionTimestamp }: Metadata, { phase, conditions }: NonNullable<PodObject["status"]>): boolean | undefined {
  if (phase !== "Running" || deletionTimestamp !== undefined) return undefined;
  const said = conditions?.find(({ type }) => type === "Ready");
  return said && said.status === "True";
}

function hostPorts({ ports = [] }: Container): HostPort[] {
  return ports.flatMap(({ hostPort, protocol = "TCP" }) =>
    hostPort === undefined || hostPort === 0 ? [] : [{ protocol: protocol as HostPort["protocol"], port: hostPort }],
  );
}
