import type { V1DaemonSet, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import { BUNDLE_NAME, BUNDLE_NAMESPACE, BUNDLE_SELECTOR, DIGEST_ANNOTATION } from "./names.ts";

/** Images of this name were imported into the nodes' container runtime; nobody could pull them. */
const PRELOADED_PREFIX = "localhost/";

type Mount = { readonly volume: V1Volume; readonly mount: V1VolumeMount };

/** New objects get 1 MiB instead of 16: an agent makes few, and V8 fills what it is given. Every node of a cluster pays for an agent. */
const NODE_FLAGS = ["--max-semi-space-size=1"];

const hostPath = (name: string, path: string, type: string): V1Volume => ({ name, hostPath: { path, type } });

/**
 * Masquerade configuration in the bundle's own namespace, for clusters whose ip-masq-agent is not AKS' own. A volume can show no other
 * namespace's config maps; those of kube-system the agent reads from the API.
 */
const MASQUERADE_CONFIG_MAPS = ["ip-masq-agent-config", "ip-masq-agent-config-reconciled"];

/** What the agent needs of its node. Pod namespaces are entered through /run/netns, never through /proc of another process. */
const MOUNTS: readonly Mount[] = [
  {
    volume: hostPath("bpffs", "/sys/fs/bpf", "DirectoryOrCreate"),
    mount: { name: "bpffs", mountPath: "/sys/fs/bpf", mountPropagation: "HostToContainer" },
  },
  {
    volume: hostPath("state", "/run/acns-hostrouting", "DirectoryOrCreate"),
    mount: { name: "state", mountPath: "/run/acns-hostrouting" },
  },
  {
    volume: hostPath("netns", "/run/netns", "DirectoryOrCreate"),
    mount: { name: "netns", mountPath: "/run/netns", mountPropagation: "HostToContainer" },
  },
  {
    volume: hostPath("cgroups", "/sys/fs/cgroup", "Directory"),
    mount: { name: "cgroups", mountPath: "/host/sys/fs/cgroup", readOnly: true, mountPropagation: "HostToContainer" },
  },
  {
    volume: hostPath("transient-units", "/run/systemd/transient", "DirectoryOrCreate"),
    mount: {
      name: "transient-units",
      mountPath: "/host/run/systemd/transient",
      readOnly: true,
      mountPropagation: "HostToContainer",
    },
  },
  {
    // the lock of iptables' older backend, which everybody on the node takes who writes its rules
    volume: hostPath("xtables-lock", "/run/xtables.lock", "FileOrCreate"),
    mount: { name: "xtables-lock", mountPath: "/run/xtables.lock" },
  },
  {
    volume: hostPath("os-release", "/etc/os-release", "File"),
    mount: { name: "os-release", mountPath: "/host/etc/os-release", readOnly: true },
  },
  {
    volume: hostPath("network-config", "/etc/cni/net.d", "DirectoryOrCreate"),
    mount: { name: "network-config", mountPath: "/host/etc/cni/net.d", readOnly: true },
  },
  {
    volume: {
      name: "ip-masq",
      projected: { sources: MASQUERADE_CONFIG_MAPS.map((name) => ({ configMap: { name, optional: true } })) },
    },
    mount: { name: "ip-masq", mountPath: "/etc/ip-masq", readOnly: true },
  },
  { volume: { name: "tmp", emptyDir: { sizeLimit: "16Mi" } }, mount: { name: "tmp", mountPath: "/tmp" } },
];

/** Load and attach programs, read and write the kernel's network tables. SYS_RESOURCE is not asked for: since Linux 5.11 maps need no memlock. */
const CAPABILITIES = ["BPF", "PERFMON", "NET_ADMIN", "NET_RAW", "SYS_ADMIN"];

/**
 * The bundle's DaemonSet. `OnDelete`: the rollout replaces agents in its own order. The pod's end does not detach anything, so a short
 * grace is enough.
 */
export function bundleManifest(bundle: { readonly image: string; readonly digest: string }): V1DaemonSet {
  const annotations = { [DIGEST_ANNOTATION]: bundle.digest };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: BUNDLE_NAME, namespace: BUNDLE_NAMESPACE, labels: { ...BUNDLE_SELECTOR }, annotations },
    spec: {
      selector: { matchLabels: { ...BUNDLE_SELECTOR } },
      updateStrategy: { type: "OnDelete" },
      template: {
        metadata: { labels: { ...BUNDLE_SELECTOR }, annotations },
        spec: {
          serviceAccountName: BUNDLE_NAME,
          priorityClassName: "system-node-critical",
          hostNetwork: true,
          dnsPolicy: "Default",
          terminationGracePeriodSeconds: 10,
          tolerations: [{ operator: "Exists" }],
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      { key: "kubernetes.io/os", operator: "In", values: ["linux"] },
                      { key: "type", operator: "NotIn", values: ["virtual-kubelet"] },
                    ],
                  },
                ],
              },
            },
          },
          containers: [
            {
              name: "agent",
              image: bundle.image,
              imagePullPolicy: bundle.image.startsWith(PRELOADED_PREFIX) ? "Never" : "IfNotPresent",
              command: ["/usr/bin/node", ...NODE_FLAGS, "/app/services/node-agent/src/main.ts"],
              env: [
                { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
                { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
              ],
              resources: { requests: { cpu: "10m", memory: "64Mi" } },
              securityContext: {
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ["ALL"], add: CAPABILITIES },
              },
              volumeMounts: MOUNTS.map(({ mount }) => mount),
            },
          ],
          volumes: MOUNTS.map(({ volume }) => volume),
        },
      },
    },
  };
}
