import type { Cgroup } from "./cgroup-tree.ts";
import type { CgroupPermit, ScopeKey } from "./guard-layout.ts";

/** A pod of this node, as far as its right to write rules goes. `controller`: what made it. */
export type WriterPod = {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly controller: { readonly kind: string; readonly name: string } | undefined;
};

/** Chains of one table that a writer may write; the families are NFPROTO numbers. */
type Scope = { readonly families: readonly number[]; readonly table: string; readonly chains: readonly string[] };
type PermittedPod = {
  readonly namespace: string;
  readonly daemonSet: string;
  readonly serviceAccount?: string;
  readonly scopes?: readonly Scope[];
  readonly why: string;
};

const IPV4 = 2;
const IPV6 = 10;

/**
 * The cluster's own writers that run as pods. Whoever may make a DaemonSet of such a name in kube-system owns the nodes already, so
 * namespace, controller and service account are as good as any proof.
 */
const PERMITTED_PODS: readonly PermittedPod[] = [
  {
    namespace: "acns-hostrouting",
    daemonSet: "hostrouting-agent",
    serviceAccount: "hostrouting-agent",
    why: "removes rules when asked to",
  },
  { namespace: "kube-system", daemonSet: "kube-proxy", serviceAccount: "kube-proxy", why: "programs Services" },
  { namespace: "kube-system", daemonSet: "cilium", serviceAccount: "cilium", why: "installs its own chains" },
  { namespace: "kube-system", daemonSet: "azure-cns", serviceAccount: "azure-cns", why: "gives pods their way to Azure's addresses" },
  {
    namespace: "kube-system",
    daemonSet: "azure-ip-masq-agent",
    scopes: [{ families: [IPV4, IPV6], table: "nat", chains: ["IP-MASQ-AGENT", "POSTROUTING"] }],
    why: "keeps the masquerade rules that traffic returns to",
  },
];

/** Services of the host that write rules: kubelet its firewall chains, containerd's plugins host ports, Azure's agent its own output rules. */
const PERMITTED_SERVICES: ReadonlySet<string> = new Set([
  "kubelet.service",
  "containerd.service",
  "kube-proxy.service",
  "walinuxagent.service",
  "waagent.service",
  "localdns.service",
]);

/** Beside the pods of this node: at the top, and where the kubelet's `cgroupRoot` is. Other nodes of the same machine are elsewhere. */
const SERVICES = "/system.slice";
/** Where people and virtual machines are: never a writer of ours. */
const REFUSED_SLICES = ["/user.slice", "/machine.slice"];

/** `pod<uid>` of the cgroupfs driver, `kubepods-besteffort-pod<uid>.slice` of systemd's; a static pod's uid has no dashes. */
const POD = /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/;

/** A container's id, which its cgroup is named for: alone, or as `cri-containerd-<id>.scope`. */
const CONTAINER = /(?:^|[-/:])([0-9a-f]{64})(?=$|[./])/;

/** The kubelet's folder for pods and what is before it, which ends at the first of that name: inside a pod anybody may name cgroups. */
const PODS = /^(.*?)\/kubepods(?:\.slice)?\//;

/** What the kernel is to know of writers. */
export type Writers = { readonly permits: ReadonlyMap<bigint, CgroupPermit>; readonly scopes: readonly ScopeKey[] };

/** What is on the node. `transientUnits`: services that somebody made by systemd-run, whose names are theirs to choose. */
export type WriterInputs = {
  readonly cgroups: readonly Cgroup[];
  readonly pods: readonly WriterPod[];
  readonly transientUnits: ReadonlySet<string>;
};

/** Who may write and who may not, from everything that is on the node. A pod that the API server has not told of is in neither. Pure. */
export function decideWriters({ cgroups, pods, transientUnits }: WriterInputs): Writers {
  const mayWrite = (unit: string): boolean => PERMITTED_SERVICES.has(unit) && !transientUnits.has(unit);
  const byUid = new Map(pods.map((pod) => [pod.uid, pod]));
  const services = servicesOf(cgroups, byUid);
  const permits = new Map<bigint, CgroupPermit>();
  for (const { path, id } of cgroups) {
    const permit = permitOf(path, byUid, (parent, unit) => (services.has(parent) ? plain(mayWrite(unit)) : undefined));
    if (permit) permits.set(id, permit);
  }
  return { permits, scopes: PERMITTED_PODS.flatMap(scopeKeys) };
}

/** The uid of the pod whose cgroup this is, or that it is in; undefined for what belongs to no pod. */
export function podUidOf(path: string): string | undefined {
  for (const part of path.split("/")) {
    const uid = POD.exec(part)?.[1];
    if (uid !== undefined) return uid.replaceAll("_", "-");
  }
  return undefined;
}

/** The id of the container whose cgroup this is, or that it is in. @param path of a cgroup, or its last part */
export function containerIdOf(path: string): string | undefined {
  return CONTAINER.exec(path)?.[1];
}

/** Where services of this node are. */
function servicesOf(cgroups: readonly Cgroup[], pods: ReadonlyMap<string, WriterPod>): ReadonlySet<string> {
  const roots = cgroups.flatMap(({ path }) => {
    const root = PODS.exec(path)?.[1];
    return root !== undefined && pods.has(podUidOf(path) ?? "") ? [root] : [];
  });
  return new Set(["", ...roots].map((root) => `${root}${SERVICES}`));
}

function permitOf(
  path: string,
  pods: ReadonlyMap<string, WriterPod>,
  ofService: (parent: string, unit: string) => CgroupPermit | undefined,
): CgroupPermit | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const parent = path.slice(0, path.length - name.length - 1);
  if (POD.test(name)) {
    const pod = pods.get(podUidOf(name) ?? "");
    return pod && podPermit(pod);
  }
  return ofService(parent, name) ?? (REFUSED_SLICES.includes(path) ? plain(false) : undefined);
}

function podPermit({ namespace, serviceAccount, controller }: WriterPod): CgroupPermit {
  const index = PERMITTED_PODS.findIndex(
    (permitted) =>
      permitted.namespace === namespace &&
      controller?.kind === "DaemonSet" &&
      controller.name === permitted.daemonSet &&
      (permitted.serviceAccount === undefined || permitted.serviceAccount === serviceAccount),
  );
  return { ...plain(index >= 0), scope: PERMITTED_PODS[index]?.scopes ? scopeNumber(index) : 0 };
}

function plain(permitted: boolean): CgroupPermit {
  return { permitted, scope: 0, needsExecutable: false };
}

/** 0 means everything. */
function scopeNumber(index: number): number {
  return index + 1;
}

function scopeKeys({ scopes = [] }: PermittedPod, index: number): ScopeKey[] {
  return scopes.flatMap(({ families, table, chains }) =>
    families.flatMap((family) => chains.map((chain) => ({ scope: scopeNumber(index), family, table, chain }))),
  );
}
