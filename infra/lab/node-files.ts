import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TEMPLATE_PARTS } from "../images/unpacked-template.ts";
import { aksRulesV4, aksRulesV6 } from "./aks-rules.ts";
import type { ClusterAuthority } from "./cluster-keys.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { inFamilies, LAB_NETWORK, type LabPlan, type NodePlan, type ServiceRanges } from "./lab-plan.ts";
import { LINK_LOCAL, notMasqueraded } from "./masquerade-config.ts";
import { osRelease } from "./node-pool.ts";
import { settleAll } from "./settle-all.ts";

/** What the files of one node are made from. */
export interface NodeFilesInput {
  readonly lab: LabPlan;
  readonly node: NodePlan;
  readonly authority: ClusterAuthority;
  /** Sandbox image. */
  readonly pauseImage: string;
  /** The unpacked images. */
  readonly template: string;
  /** User that all kube-proxies share. */
  readonly proxy: { readonly certificate: string; readonly key: string };
  readonly serviceCidrs: ServiceRanges;
}

/** Where the node's folder is seen from inside the node (node-init.sh mounts it there). */
const INSIDE = "/run/lab/node";

/** Plugins that the node's network configuration names, taken from Debian. */
const CNI_PLUGINS = ["host-local", "loopback", "portmap"];

/** Writes everything that the node's programs read, below the node's folder. */
export async function writeNodeFiles(input: NodeFilesInput): Promise<void> {
  const folder = input.node.folder;
  for (const name of ["kubelet", "containerd", "log", "cni", "cni-bin", "pki"])
    await mkdir(join(folder, name), { recursive: true, mode: 0o755 });
  const files: Record<string, string> = {
    "containerd.toml": containerdConfig(input.pauseImage),
    "kubelet.yaml": JSON.stringify(kubeletConfig(input.lab, input.node), null, 2),
    "cni/10-lab.conflist": JSON.stringify(cniConfig(input), null, 2),
    "os-release": osRelease(input.node),
    "machine-id": `${createHash("sha256").update(`${input.lab.id} ${input.node.name}`).digest("hex").slice(0, 32)}\n`,
    "rules.v4": aksRulesV4(ruleInput(input)),
    "rules.v6": aksRulesV6(ruleInput(input)),
    "pki/ca.crt": input.authority.certificate,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await settleAll([writeCniPlugins(folder), writeKeys(input), copyDatabases(input)]);
}

function ruleInput({ node, serviceCidrs }: NodeFilesInput): { nodeIpv4: string; notMasqueraded: readonly string[] } {
  return { nodeIpv4: node.ipv4, notMasqueraded: [...LINK_LOCAL, ...notMasqueraded(serviceCidrs)] };
}

async function writeKeys(input: NodeFilesInput): Promise<void> {
  const { node, authority } = input;
  const server = `https://${LAB_NETWORK.apiServer}:6443`;
  const [client, serving] = await Promise.all([
    authority.issue({ user: `system:node:${node.name}`, group: "system:nodes" }),
    authority.issue({ user: node.name, serves: { ips: [node.ipv4, node.ipv6], names: [node.name] } }),
  ]);
  await writeKubeconfig(join(node.folder, "kubelet.kubeconfig"), { server, authority: authority.certificate, user: client });
  await writeKubeconfig(join(node.folder, "kube-proxy.kubeconfig"), { server, authority: authority.certificate, user: input.proxy });
  await writeFile(join(node.folder, "pki/kubelet.crt"), serving.certificate);
  await writeFile(join(node.folder, "pki/kubelet.key"), serving.key, { mode: 0o600 });
}

/** containerd opens its databases for writing, so each node has its own copies; they are small. */
async function copyDatabases(input: NodeFilesInput): Promise<void> {
  for (const database of TEMPLATE_PARTS.databases) {
    const target = join(input.node.folder, "containerd", database);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(input.template, database), target);
  }
}

/**
 * `ptp` is Debian's, behind a line that switches off duplicate address detection in the pod's namespace first: the plugin waits
 * for it, a second or two per pod, and nobody else can have a pod's address here.
 */
async function writeCniPlugins(folder: string): Promise<void> {
  const script = `#!/bin/sh
if [ "$CNI_COMMAND" = ADD ]; then nsenter --net="$CNI_NETNS" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'; fi
exec /usr/lib/cni/ptp
`;
  const ptp = join(folder, "cni-bin", "ptp");
  await writeFile(ptp, script);
  await chmod(ptp, 0o755);
  for (const plugin of CNI_PLUGINS) await symlink(`/usr/lib/cni/${plugin}`, join(folder, "cni-bin", plugin));
}

function cniConfig({ node, serviceCidrs }: NodeFilesInput): unknown {
  const ipam = {
    type: "host-local",
    ranges: inFamilies(serviceCidrs, node.podCidrs).map((subnet) => [{ subnet }]),
    dataDir: "/var/lib/cni/networks",
    routes: inFamilies(serviceCidrs, [{ dst: "0.0.0.0/0" }, { dst: "::/0" }]),
  };
  // host ports are translated by the node's own rules, as Azure's plugin has them
  const portmap = { type: "portmap", capabilities: { portMappings: true } };
  return { cniVersion: "0.4.0", name: "lab", plugins: [{ type: "ptp", ipam }, portmap] };
}

function containerdConfig(pauseImage: string): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.native", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${INSIDE}/cni-bin"
conf_dir = "${INSIDE}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
`;
}

/** kubelet.config.k8s.io/v1beta1. Only what differs from its defaults, and why where it is not plain. */
function kubeletConfig(lab: LabPlan, node: NodePlan): unknown {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: `${INSIDE}/pki/ca.crt` } },
    authorization: { mode: "Webhook" },
    tlsCertFile: `${INSIDE}/pki/kubelet.crt`,
    tlsPrivateKeyFile: `${INSIDE}/pki/kubelet.key`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: node.kind === "Machine" ? "/" : `/${lab.cgroup}/${node.name}`,
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    resolvConf: "",
    failSwapOn: false,
    failCgroupV1: false, // hybrid machines are supported
    enforceNodeAllocatable: [],
    evictionHard: { "memory.available": "1Mi" }, // the machine's disk is shared, a node does not evict for it
    imageGCHighThresholdPercent: 100, // images are the template's
    nodeStatusUpdateFrequency: "4s",
    serializeImagePulls: false,
    localStorageCapacityIsolation: false,
    registryPullQPS: 0,
  };
}
