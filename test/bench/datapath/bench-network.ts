import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BpfMap, detachPinnedLink, NetworkNamespace } from "@hostrouting/bpf-loader";
import { readCounters } from "../../../services/node-agent/src/host-routing/counters.ts";
import { DIRECTIONS, type Reason } from "../../../services/node-agent/src/host-routing/kernel-layout.ts";
import { NodeDatapath, type Observation } from "../../../services/node-agent/src/host-routing/node-datapath.ts";
import { probeHook } from "../../../services/node-agent/src/host-routing/device-hooks.ts";
import { pinFolders, removeFolder } from "../../../services/node-agent/src/host-routing/pin-folder.ts";
import type { DenyTable } from "../../../services/node-agent/src/policy/deny-table.ts";
import { NODE_PORTS_DEFAULT } from "../../../services/node-agent/src/masquerade/port-ranges.ts";
import { nodeRules } from "./node-rules.ts";

const OBJECT = path.join(import.meta.dirname, "../../../bpf/build/host_routing.bpf.o");
const COMMAND_TIMEOUT_MS = 60_000;
const DRAIN_MS = 500;
const RANGES = { podRanges: ["10.201.0.0/16"], serviceRanges: ["10.96.0.0/16"] };

/** Address of the host beyond the nodes. It has no route to pods: what it answers was translated. */
export const OUTSIDE_ADDRESS = "192.0.2.254";

/** TIME_WAIT would use up the client's ports within a round; it is the same in every variant. */
const END_SETTINGS = "sysctl -qw net.ipv4.tcp_max_tw_buckets=0 net.ipv4.ip_local_port_range='1024 65535'; ip link set lo up";
const NODE_SETTINGS =
  "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.netfilter.nf_conntrack_max=1048576; ip link set lo up";

/**
 * Namespaces of one measured variant, apart from all others: two nodes joined by one veth pair, pods a and b on the first, c on the
 * second, a host `out` beyond the first, and on both nodes the rules that a node has. Nothing touches the machine's own network.
 */
export class BenchNetwork {
  readonly #id = `hrb${randomBytes(3).toString("hex")}`;
  readonly #bpffs = mkdtempSync(path.join(tmpdir(), `${this.#id}-bpffs-`));
  readonly #objectPath: string;
  readonly #names: string[] = [];
  readonly #agents: { datapath: NodeDatapath; namespace: NetworkNamespace; node: 1 | 2 }[] = [];

  /**
   * @param rules rules on each node that match nothing.
   * @param objectPath the programs, for comparing two builds of them.
   */
  constructor(rules: number, objectPath: string = OBJECT) {
    this.#objectPath = objectPath;
    shell(`mount -t bpf ${this.#id} ${this.#bpffs}`);
    try {
      this.#build(rules);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Path of a namespace. */
  netns(name: string): string {
    return `/run/netns/${this.#id}-${name}`;
  }

  /** Turns host routing on, on both nodes, with the agent's own code. Masquerading is on too. */
  enable(): void {
    for (const node of [1, 2] as const) this.agent(node);
    for (const { node } of this.#agents) this.switchOn(node);
  }

  /** The agent's kernel side for one node, doing nothing yet. */
  agent(node: 1 | 2): NodeDatapath {
    const namespace = NetworkNamespace.openNamed(this.netns(`n${node}`));
    const datapath = namespace.run(
      () =>
        new NodeDatapath({
          pinRoot: this.#pinRoot(node),
          version: "0123456789ab",
          objectPath: this.#objectPath,
          hook: probeHook(),
          drainMs: DRAIN_MS,
          selfTestEveryMs: 3_600_000,
          monotonicNs: () => process.hrtime.bigint(),
        }),
    );
    datapath.setNodeAddresses([`10.200.0.${node}`]);
    this.#agents.push({ datapath, namespace, node });
    return datapath;
  }

  /** One call of the agent's: everything attached and on. */
  switchOn(node: 1 | 2): Observation {
    const ranges = { ...RANGES, ownRanges: [`10.201.${node}.0/24`] };
    const outside = { native: ["10.200.0.0/24"], doubtful: [], service: [], families: [4 as const] };
    const masquerade = { enabled: true, outside, nodePorts: NODE_PORTS_DEFAULT, hostPorts: [] };
    return this.#inNode(node, (datapath) =>
      datapath.reconcile({ kind: "on", generation: 1, confirmMs: 60_000, confirmed: true, ranges, masquerade }),
    );
  }

  /** Turns it off; call again after the drain. */
  switchOff(node: 1 | 2): Observation {
    return this.#inNode(node, (datapath) => datapath.reconcile({ kind: "off", atOnce: false }));
  }

  /** Brings deny rules onto a node. */
  deny(node: 1 | 2, table: DenyTable): void {
    this.#inNode(node, (datapath) => (datapath.setDenied(table), datapath.follow()));
  }

  /** Where a node's programs that see packets are pinned. */
  programPins(node: 1 | 2): { name: string; pin: string }[] {
    const [folder] = pinFolders(this.#pinRoot(node));
    return folder ? (["from_pod", "from_net"] as const).map((name) => ({ name, pin: folder.program(name) })) : [];
  }

  /** Packets that a node left to the stack for a reason, or redirected, since its programs were loaded. */
  packets(node: 1 | 2, reason: Reason): number {
    const [folder] = pinFolders(this.#pinRoot(node));
    if (!folder) return 0;
    const map = BpfMap.openPinned(folder.map("hr_metrics"));
    const counters = readCounters(map);
    map.close();
    return DIRECTIONS.reduce((sum, direction) => sum + counters[direction][reason], 0);
  }

  /** Says that the agents are alive. */
  beat(): void {
    for (const { datapath } of this.#agents) datapath.beat();
  }

  /** Forgets every flow that the nodes' stacks know, so that no variant runs with what another left. */
  drain(): void {
    for (const node of [1, 2]) this.shell(`n${node}`, "conntrack -F 2>/dev/null || true");
  }

  /** Pods on node 1, beside a and b: p0, p1 … */
  addPods(count: number): void {
    for (let i = 0; i < count; i++) this.#addPod(`p${i}`, 1, `10.201.1.${i + 4}`);
  }

  /** Runs a shell line in a namespace. */
  shell(name: string, line: string): string {
    return shell(`nsenter --net=${this.netns(name)} sh -ec "${line}"`);
  }

  /** Removes everything that this network made. */
  close(): void {
    for (const { datapath, namespace } of this.#agents) {
      datapath.close();
      namespace.close();
    }
    for (const node of [1, 2] as const) {
      for (const folder of pinFolders(this.#pinRoot(node))) {
        for (const link of folder.linkNames()) detachPinnedLink(folder.link(link));
        folder.remove();
      }
      removeFolder(this.#pinRoot(node));
    }
    for (const name of this.#names) if (existsSync(this.netns(name))) shell(`ip netns del ${this.#id}-${name}`);
    shell(`umount ${this.#bpffs}`);
    rmdirSync(this.#bpffs);
  }

  #pinRoot(node: 1 | 2): string {
    return path.join(this.#bpffs, `n${node}`);
  }

  #inNode<T>(node: 1 | 2, work: (datapath: NodeDatapath) => T): T {
    const agent = this.#agents.find((candidate) => candidate.node === node);
    if (!agent) throw new Error(`node ${node} has no agent`);
    return agent.namespace.run(() => work(agent.datapath));
  }

  #addNamespace(name: string, settings: string): void {
    shell(`ip netns add ${this.#id}-${name}`);
    this.#names.push(name);
    this.shell(name, settings);
  }

  #build(rules: number): void {
    for (const name of ["n1", "n2"]) this.#addNamespace(name, NODE_SETTINGS);
    this.#addNamespace("out", END_SETTINGS);
    this.#join({ node: "n1", device: "eth0", address: "10.200.0.1/24" }, { node: "n2", device: "eth0", address: "10.200.0.2/24" });
    this.#join({ node: "n1", device: "eth1", address: "192.0.2.1/24" }, { node: "out", device: "eth0", address: `${OUTSIDE_ADDRESS}/24` });
    this.shell("n1", `ip route add 10.201.2.0/24 via 10.200.0.2; ip route add default via ${OUTSIDE_ADDRESS}`);
    this.shell("n2", "ip route add 10.201.1.0/24 via 10.200.0.1; ip route add default via 10.200.0.1");
    this.#addPod("a", 1, "10.201.1.2");
    this.#addPod("b", 1, "10.201.1.3");
    this.#addPod("c", 2, "10.201.2.2");
    for (const name of ["n1", "n2"])
      execFileSync("nsenter", [`--net=${this.netns(name)}`, "iptables-restore"], { input: nodeRules(rules), timeout: COMMAND_TIMEOUT_MS });
  }

  #join(one: Plug, other: Plug): void {
    shell(`ip link add ${one.device} netns ${this.#id}-${one.node} type veth peer name ${other.device} netns ${this.#id}-${other.node}`);
    for (const { node, device, address } of [one, other])
      this.shell(node, `ip addr add ${address} dev ${device}; ip link set ${device} up`);
  }

  #addPod(name: string, node: 1 | 2, address: string): void {
    this.#addNamespace(name, END_SETTINGS);
    shell(`ip link add l${name} netns ${this.#id}-n${node} type veth peer name eth0 netns ${this.#id}-${name}`);
    this.shell(`n${node}`, `ip addr add 169.254.23.1/32 dev l${name}; ip link set l${name} up; ip route add ${address}/32 dev l${name}`);
    this.shell(
      name,
      `ip addr add ${address}/32 dev eth0; ip link set eth0 up; ip route add 169.254.23.1 dev eth0; ip route add default via 169.254.23.1`,
    );
  }
}

/** Two namespaces and one veth pair, no rule and no route between them: nothing can be faster on this machine. */
export class Limit {
  readonly #id = `hrb${randomBytes(3).toString("hex")}`;
  readonly address = "198.51.100.2";

  constructor() {
    for (const name of ["a", "b"]) shell(`ip netns add ${this.#id}-${name}`);
    shell(`ip link add eth0 netns ${this.#id}-a type veth peer name eth0 netns ${this.#id}-b`);
    ["a", "b"].forEach((name, index) =>
      shell(
        `nsenter --net=${this.netns(name)} sh -ec "${END_SETTINGS}; ip addr add 198.51.100.${index + 1}/24 dev eth0; ip link set eth0 up"`,
      ),
    );
  }

  /** Path of a namespace. */
  netns(name: string): string {
    return `/run/netns/${this.#id}-${name}`;
  }

  /** Removes both. */
  close(): void {
    for (const name of ["a", "b"]) shell(`ip netns del ${this.#id}-${name}`);
  }
}

/** One end of a veth pair. */
type Plug = { node: string; device: string; address: string };

function shell(line: string): string {
  return execFileSync("sh", ["-ec", line], { encoding: "utf8", timeout: COMMAND_TIMEOUT_MS, stdio: ["ignore", "pipe", "pipe"] });
}
