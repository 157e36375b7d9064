import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hierarchy } from "./cgroups.ts";
import { createTokenKeys, type ClusterAuthority } from "./cluster-keys.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { firstAddress, LAB_NETWORK, type LabPlan, type ServiceRanges } from "./lab-plan.ts";
import { startProcess, type LabProcess } from "./lab-process.ts";
import { settleAll } from "./settle-all.ts";

/** What the control plane's programs need. */
export interface ControlPlaneStart {
  readonly lab: LabPlan;
  readonly hierarchies: readonly Hierarchy[];
  readonly programs: string;
  readonly authority: ClusterAuthority;
  /** Port on 127.0.0.1 of the machine that leads to the API server. */
  readonly doorPort: number;
  readonly serviceCidrs: ServiceRanges;
}

/** What the host outside serves: the demo application's server, which says from where it was reached. */
const OUTSIDE_WEB = join(import.meta.dirname, "demo/web.ts");

/** Controllers that something in the lab depends on; each of the others costs a second of start and memory. */
const CONTROLLERS = [
  ...["namespace-controller", "serviceaccount-controller", "root-ca-certificate-publisher-controller"],
  ...["deployment-controller", "replicaset-controller", "daemonset-controller", "statefulset-controller", "job-controller"],
  ...["endpointslice-controller", "disruption-controller", "garbage-collector-controller", "pod-garbage-collector-controller"],
  ...["node-lifecycle-controller", "taint-eviction-controller"],
];

/** Writes the keys and configurations of the control plane's programs. */
export async function writeControlPlaneFiles(start: ControlPlaneStart): Promise<void> {
  const folder = join(start.lab.folder, "control-plane");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ips = ["127.0.0.1", LAB_NETWORK.apiServer, LAB_NETWORK.apiServerV6, firstAddress(start.serviceCidrs[0])];
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const [server, toKubelets, controllers, scheduler, tokens] = await Promise.all([
    start.authority.issue({ user: "kube-apiserver", serves: { ips, names } }),
    start.authority.issue({ user: "kube-apiserver-kubelet-client", group: "system:masters" }),
    start.authority.issue({ user: "system:kube-controller-manager" }),
    start.authority.issue({ user: "system:kube-scheduler" }),
    createTokenKeys(),
  ]);
  const files = {
    "ca.crt": start.authority.certificate,
    "ca.key": start.authority.key,
    "server.crt": server.certificate,
    "server.key": server.key,
    "kubelet-client.crt": toKubelets.certificate,
    "kubelet-client.key": toKubelets.key,
    "tokens.key": tokens.privateKey,
    "tokens.pub": tokens.publicKey,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  const inside = { server: `https://127.0.0.1:6443`, authority: start.authority.certificate };
  await writeKubeconfig(join(folder, "controllers.kubeconfig"), { ...inside, user: controllers });
  await writeKubeconfig(join(folder, "scheduler.kubeconfig"), { ...inside, user: scheduler });
}

/** Starts etcd, the API server, and the door to it. It does not wait for them. */
export function startApiServer(start: ControlPlaneStart): Promise<LabProcess[]> {
  return settleAll([
    startInside(start, "etcd", etcdFlags(start)),
    startInside(start, "kube-apiserver", apiServerFlags(start)),
    startIn(start, "door", [
      join(start.programs, "wire"),
      "door",
      `/run/netns/${start.lab.netns.control}`,
      `127.0.0.1:${start.doorPort}`,
      "127.0.0.1:6443",
    ]),
    startIn(start, "outside", [...inNetns(start.lab.netns.outside), join(start.programs, "wire"), "outside"]),
    startIn(start, "outside-web", [...inNetns(start.lab.netns.outside), process.execPath, "--max-old-space-size=64", OUTSIDE_WEB]),
  ]);
}

/** Starts what acts on the API server's content; the API server should be ready. */
export function startControllers(start: ControlPlaneStart): Promise<LabProcess[]> {
  const folder = join(start.lab.folder, "control-plane");
  return settleAll([
    startInside(start, "kube-controller-manager", [
      ...[
        `--kubeconfig=${folder}/controllers.kubeconfig`,
        `--service-account-private-key-file=${folder}/tokens.key`,
        `--root-ca-file=${folder}/ca.crt`,
      ],
      ...["--use-service-account-credentials", "--leader-elect=false", `--controllers=${CONTROLLERS.join(",")}`],
      ...["--allocate-node-cidrs=false", "--node-monitor-period=1s", "--node-monitor-grace-period=20s", "--bind-address=127.0.0.1"],
      ...["--profiling=false", "--kube-api-qps=100", "--kube-api-burst=200"],
    ]),
    startInside(start, "kube-scheduler", [
      `--kubeconfig=${folder}/scheduler.kubeconfig`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      "--profiling=false",
    ]),
  ]);
}

/** Content is made anew at each start, so it is never forced to the disk. */
function etcdFlags(start: ControlPlaneStart): string[] {
  return [
    ...[
      `--data-dir=${join(start.lab.folder, "etcd")}`,
      "--listen-client-urls=http://127.0.0.1:2379",
      "--advertise-client-urls=http://127.0.0.1:2379",
    ],
    ...["--listen-peer-urls=http://127.0.0.1:2380", "--unsafe-no-fsync", "--snapshot-count=10000", "--log-level=warn"],
  ];
}

function apiServerFlags(start: ControlPlaneStart): string[] {
  const folder = join(start.lab.folder, "control-plane");
  return [
    ...[
      "--etcd-servers=http://127.0.0.1:2379",
      "--bind-address=0.0.0.0",
      `--advertise-address=${LAB_NETWORK.apiServer}`,
      "--secure-port=6443",
    ],
    ...[`--tls-cert-file=${folder}/server.crt`, `--tls-private-key-file=${folder}/server.key`, `--client-ca-file=${folder}/ca.crt`],
    ...[`--kubelet-certificate-authority=${folder}/ca.crt`, `--kubelet-client-certificate=${folder}/kubelet-client.crt`],
    ...[`--kubelet-client-key=${folder}/kubelet-client.key`, "--kubelet-preferred-address-types=InternalIP"],
    ...[`--service-account-key-file=${folder}/tokens.pub`, `--service-account-signing-key-file=${folder}/tokens.key`],
    ...["--service-account-issuer=https://kubernetes.default.svc", `--service-cluster-ip-range=${start.serviceCidrs.join(",")}`],
    ...["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true", "--profiling=false"],
  ];
}

function inNetns(name: string): string[] {
  return ["nsenter", `--net=/run/netns/${name}`];
}

function startInside(start: ControlPlaneStart, program: string, flags: readonly string[]): Promise<LabProcess> {
  return startIn(start, program, [...inNetns(start.lab.netns.control), join(start.programs, program), ...flags]);
}

function startIn(start: ControlPlaneStart, name: string, argv: readonly string[]): Promise<LabProcess> {
  return startProcess({
    name,
    argv,
    cgroup: `${start.lab.cgroup}/control-plane/${name}`,
    hierarchies: start.hierarchies,
    logFile: join(start.lab.folder, "log", `${name}.log`),
    env: { GOGC: "60" },
  });
}
