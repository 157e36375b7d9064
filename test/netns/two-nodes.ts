import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BpfMap, detachPinnedLink, NetworkNamespace } from "@hostrouting/bpf-loader";
import { NodeDatapath, type Desired, type Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { pinFolders, removeFolder } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import type { GateVariant } from "../../services/node-agent/src/host-routing/gate-variant.ts";
import type { Hook } from "../../services/node-agent/src/host-routing/device-hooks.ts";

/** A pod: a namespace behind a veth whose host side has host routes to it. */
export type Pod = { name: string; node: 1 | 2; v4: string; v6: string };

/** Addresses that only DNAT rules of node 1 know; each leads to one pod's port 8080. */
export const SERVICES = [
  { v4: "10.96.0.10", v6: "fd00:96::10", pod: "b" },
  { v4: "10.96.0.11", v6: "fd00:96::11", pod: "c" },
] as const;

/** A host beyond the nodes' network. It has no route to the pods: whatever comes back was translated. */
export const OUTSIDE = { v4: "203.0.113.10", v6: "2001:db8:99::10" } as const;

/** Port of node 1 that leads to pod b, for whoever is outside. */
export const NODE_PORT = { v4: "10.200.0.1", v6: "fd00:200::1", port: 30_080 } as const;

/** Port of every pod's echo server and of every Service. */
export const PORT = 8080;

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/host_routing.bpf.o");
const SECOND_MS = 1000;

/** Order for a confirmed switch in this topology. */
export function on(generation: number, node: 1 | 2, changes: Partial<Extract<Desired, { kind: "on" }>> = {}): Desired {
  const ranges = {
    podRanges: ["10.201.0.0/16", "fd00:201::/32"],
    ownRanges: [`10.201.${node}.0/24`, `fd00:201:${node}::/48`],
    serviceRanges: ["10.96.0.0/16", "fd00:96::/112"],
  };
  return { kind: "on", generation, confirmMs: 60_000, confirmed: true, ranges, ...changes };
}

/**
 * Two routed nodes with pods a, b and c, a switch between them and the namespace `out` beyond, which is also their default gateway.
 * Rules as kube-proxy (DNAT, INVALID) and ip-masq-agent make them. Nothing touches the machine's own network.
 */
export class TwoNodes {
  readonly id = `hr${randomBytes(3).toString("hex")}`;
  /** A bpf file system of its own: the machine may have none. */
  readonly bpffs = mkdtempSync(path.join(tmpdir(), `${this.id}-bpffs-`));
  readonly pods = new Map<string, Pod>();
  readonly #agents: NodeDatapath[] = [];
  readonly #namespaces: NetworkNamespace[] = [];

  constructor() {
    sh(`mount -t bpf ${this.id} ${this.bpffs}`);
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Path of a namespace, for nsenter. */
  netns(name: string): string {
    return `/run/netns/${this.id}-${name}`;
  }

  pod(name: string): Pod {
    const pod = this.pods.get(name);
    if (!pod) throw new Error(`no pod ${name}`);
    return pod;
  }

  /** Runs a shell line inside a node's namespace. */
  inNode(node: 1 | 2, line: string): string {
    return sh(`nsenter --net=${this.netns(`n${node}`)} sh -ec '${line}'`);
  }

  /** Runs a shell line inside a pod's namespace. */
  inPod(name: string, line: string): string {
    return sh(`nsenter --net=${this.netns(name)} sh -ec '${line}'`);
  }

  addPod(pod: Pod): void {
    const { name, node, v4, v6 } = pod;
    this.pods.set(name, pod);
    sh(`ip netns add ${this.id}-${name}`);
    this.inPod(name, "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0; ip link set lo up");
    this.inNode(node, `ip link add l${name} type veth peer name eth0 netns ${this.id}-${name}`);
    this.inPod(name, `ip addr add ${v4}/32 dev eth0; ip addr add ${v6}/128 dev eth0 nodad; ip link set eth0 up`);
    this.inNode(node, `ip addr add 169.254.23.1/32 dev l${name}; ip addr add fe80::1/64 dev l${name} nodad; ip link set l${name} up`);
    this.inPod(
      name,
      "ip route add 169.254.23.1 dev eth0; ip route add default via 169.254.23.1; ip -6 route add default via fe80::1 dev eth0",
    );
    this.inNode(node, `ip route add ${v4}/32 dev l${name}; ip -6 route add ${v6}/128 dev l${name}`);
  }

  removePod(name: string): void {
    const { node } = this.pod(name);
    this.pods.delete(name);
    this.inNode(node, `ip link del l${name}`);
    sh(`ip netns del ${this.id}-${name}`);
  }

  /** A node agent's kernel side in that node's namespace. `beat()` is the caller's business. */
  agent(node: 1 | 2, changes: AgentChanges = {}): TestAgent {
    const namespace = NetworkNamespace.openNamed(this.netns(`n${node}`));
    this.#namespaces.push(namespace);
    const options = {
      pinRoot: this.pinRoot(node),
      version: changes.version ?? "0123456789ab",
      objectPath: OBJECT,
      hook: changes.hook ?? "tcx",
      gate: changes.gate,
      adopt: changes.adopt ?? false,
      drainMs: changes.drainMs ?? 2 * SECOND_MS,
      selfTestEveryMs: 60 * SECOND_MS,
      monotonicNs: () => process.hrtime.bigint(),
    };
    const datapath = namespace.run(() => new NodeDatapath(options));
    datapath.setNodeAddresses([`10.200.0.${node}`]);
    this.#agents.push(datapath);
    return {
      datapath,
      reconcile: (desired) => namespace.run(() => datapath.reconcile(desired)),
      run: (work) => namespace.run(work),
    };
  }

  pinRoot(node: 1 | 2): string {
    return path.join(this.bpffs, `n${node}`);
  }

  /** Opens one of a node's pinned maps, as somebody would who has no agent. */
  pinnedMap(node: 1 | 2, name: Parameters<ReturnType<typeof pinFolders>[number]["map"]>[0]): BpfMap {
    const [folder] = pinFolders(this.pinRoot(node));
    if (!folder) throw new Error(`nothing is pinned on node ${node}`);
    return BpfMap.openPinned(folder.map(name));
  }

  /** Removes everything that this topology made. */
  close(): void {
    for (const agent of this.#agents) agent.close();
    for (const namespace of this.#namespaces) namespace.close();
    for (const node of [1, 2] as const) {
      for (const folder of pinFolders(this.pinRoot(node))) {
        for (const link of folder.linkNames()) detachPinnedLink(folder.link(link));
        folder.remove();
      }
      removeFolder(this.pinRoot(node));
    }
    for (const name of [...this.pods.keys(), "n1", "n2", "out", "net"])
      if (existsSync(this.netns(name))) sh(`ip netns del ${this.id}-${name}`);
    sh(`umount ${this.bpffs}`);
    rmdirSync(this.bpffs);
  }

  #build(): void {
    for (const node of [1, 2] as const) this.#addNode(node);
    this.#addNetwork();
    for (const node of [1, 2] as const) {
      const other = 3 - node;
      this.inNode(
        node,
        `ip route add 10.201.${other}.0/24 via 10.200.0.${other}; ip -6 route add fd00:201:${other}::/48 via fd00:200::${other}`,
      );
    }
    // a part of the pod range that leads nowhere: not even the default route
    this.inNode(1, "ip route add unreachable 10.201.77.0/24");
    this.addPod({ name: "a", node: 1, v4: "10.201.1.2", v6: "fd00:201:1::2" });
    this.addPod({ name: "b", node: 1, v4: "10.201.1.3", v6: "fd00:201:1::3" });
    this.addPod({ name: "c", node: 2, v4: "10.201.2.2", v6: "fd00:201:2::2" });
    this.#addServices();
    this.#addMasquerading();
    this.#meetNeighbours();
  }

  /** The first neighbour solicitation over a fresh veth may be lost and comes again after a second: that is no silence of a flow. */
  #meetNeighbours(): void {
    for (const { v4, v6 } of this.pods.values())
      for (const address of [v4, v6]) this.inPod("a", `timeout 5 bash -c "echo > /dev/tcp/${address}/9" 2>/dev/null || true`);
  }

  #addNode(node: 1 | 2): void {
    sh(`ip netns add ${this.id}-n${node}`);
    const settings = ["ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1", "ipv6.conf.all.accept_dad=0", "ipv6.conf.default.accept_dad=0"];
    this.inNode(node, `ip link set lo up; ${settings.map((setting) => `sysctl -qw net.${setting}`).join("; ")}`);
    for (const tables of ["iptables", "ip6tables"]) this.inNode(node, `${tables} -A FORWARD -m conntrack --ctstate INVALID -j DROP`);
  }

  /** One switch; both nodes and the way out are plugged in as eth0. */
  #addNetwork(): void {
    for (const name of ["net", "out"]) sh(`ip netns add ${this.id}-${name}`);
    this.inPod("net", "ip link add br0 type bridge mcast_snooping 0; ip link set br0 up");
    const ends = { n1: 1, n2: 2, out: 254 };
    for (const [name, last] of Object.entries(ends)) {
      sh(`ip link add eth0 netns ${this.id}-${name} type veth peer name ${name} netns ${this.id}-net`);
      this.inPod("net", `ip link set ${name} master br0 up`);
      this.inPod(
        name,
        `ip addr add 10.200.0.${last}/24 dev eth0; ip addr add fd00:200::${last}/64 dev eth0 nodad; ip link set lo up; ip link set eth0 up`,
      );
    }
    this.inPod("out", `ip addr add ${OUTSIDE.v4}/32 dev lo; ip addr add ${OUTSIDE.v6}/128 dev lo nodad`);
    // a UDP server that is bound to no address answers from the one that the route prefers
    const prefer = `ip route replace 10.200.0.0/24 dev eth0 src ${OUTSIDE.v4}; ip -6 route replace fd00:200::/64 dev eth0 metric 256 src ${OUTSIDE.v6}`;
    this.inPod("out", prefer);
    // it speaks to the nodes as somebody outside, too
    this.inPod("out", `ip route replace 10.200.0.0/24 dev eth0 src ${OUTSIDE.v4}`);
    this.inPod("out", `ip -6 route replace fd00:200::/64 dev eth0 proto kernel metric 256 src ${OUTSIDE.v6}`);
    for (const node of [1, 2] as const)
      this.inNode(node, "ip route add default via 10.200.0.254; ip -6 route add default via fd00:200::254");
  }

  /** ip-masq-agent's chain: addresses of the cluster's own network as they are, the rest behind the node. */
  #addMasquerading(): void {
    const own = { iptables: ["10.200.0.0/16", "10.201.0.0/16"], ip6tables: ["fd00:200::/32", "fd00:201::/32"] };
    for (const node of [1, 2] as const)
      for (const [tables, ranges] of Object.entries(own)) {
        const lines = [
          "-N IP-MASQ-AGENT",
          "-A POSTROUTING -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT",
          ...ranges.map((range) => `-A IP-MASQ-AGENT -d ${range} -j RETURN`),
          "-A IP-MASQ-AGENT -j MASQUERADE --random-fully",
        ];
        this.inNode(node, lines.map((line) => `${tables} -t nat ${line}`).join("; "));
      }
  }

  #addServices(): void {
    for (const { v4, v6, port, pod } of [...SERVICES.map((service) => ({ ...service, port: PORT })), { ...NODE_PORT, pod: "b" }]) {
      const target = this.pod(pod);
      for (const protocol of ["tcp", "udp"]) {
        const rule = (address: string, to: string): string =>
          `-t nat -A PREROUTING -d ${address} -p ${protocol} --dport ${port} -j DNAT --to ${to}:${PORT}`;
        this.inNode(1, `iptables ${rule(v4, target.v4)}; ip6tables ${rule(v6, `[${target.v6}]`)}`);
      }
    }
  }
}

/** What a test wants to be otherwise of an agent. */
export type AgentChanges = { hook?: Hook; drainMs?: number; version?: string; gate?: GateVariant; adopt?: boolean };

/** An agent in its node's namespace; `run` for what else has to happen there. */
export type TestAgent = { datapath: NodeDatapath; reconcile: (desired: Desired) => Observation; run: <T>(work: () => T) => T };

function sh(line: string): string {
  return execFileSync("sh", ["-ec", line], { encoding: "utf8", timeout: 20 * SECOND_MS, stdio: ["ignore", "pipe", "pipe"] });
}
