import assert from "node:assert/strict";
import { test } from "node:test";
import { judgePreconditions, type FilterReading, type NodeReadings, type Reading } from "./judge-preconditions.ts";

const read = (text: string): Reading => ({ kind: "read", text });
const absent: Reading = { kind: "absent" };
const unknown = { kind: "unknown", because: "EACCES" } as const;

const IPVS_HEADINGS = "IP Virtual Server version 1.2.1\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port\n";
const KUBE_PROXY = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`;
const nft = (reading: Reading): FilterReading => ({ ...reading, backend: "nft" });
const legacy = (reading: Reading): FilterReading => ({ ...reading, backend: "legacy" });
const MOUNTS = `24 1 0:22 / /proc rw - proc proc rw
35 24 0:30 / /sys/fs/bpf rw,nosuid - bpf bpf rw,mode=700
36 24 0:31 / /host/sys/fs/cgroup/unified ro master:9 - cgroup2 cgroup2 rw
`;
const withoutMount = (type: string): NodeReadings => ({ ...good, mounts: read(MOUNTS.replace(` - ${type} `, " - tmpfs ")) });
const good: NodeReadings = {
  looseTcp: read("1\n"),
  ipvsConntrack: absent,
  ipvsTable: absent,
  filters: [nft(read(KUBE_PROXY))],
  mounts: read(MOUNTS),
  btf: read(""),
  zones: { kind: "read", inUse: [] },
};
const withRules = (...lines: string[]): NodeReadings => ({ ...good, filters: [nft(read(KUBE_PROXY)), nft(read(lines.join("\n")))] });
const dropping = (...lines: string[]): NodeReadings => withRules("*filter", ":FORWARD DROP [12:720]", ...lines);

const table: readonly (readonly [what: string, seen: NodeReadings, failed: readonly string[], unknown: readonly string[]])[] = [
  ["a node as AKS makes it", good, [], []],
  ["no conntrack at all", { ...good, looseTcp: absent }, [], []],
  ["loose pickup off", { ...good, looseTcp: read("0\n") }, ["LoosePickup"], []],
  ["loose pickup unreadable", { ...good, looseTcp: unknown }, [], ["LoosePickup"]],
  ["flows in a zone", { ...good, zones: { kind: "read", inUse: [7] } }, ["ConntrackZones"], []],
  ["zones unreadable", { ...good, zones: unknown }, [], ["ConntrackZones"]],
  [
    "a rule that sets a zone, flows unreadable",
    { ...withRules("-A PREROUTING -i eth1 -j CT --zone 5"), zones: unknown },
    ["ConntrackZones"],
    [],
  ],
  ["a zone of one direction", withRules("-A PREROUTING -i eth1 -j CT --zone-orig 5"), ["ConntrackZones"], []],
  ["NOTRACK is no zone", withRules("-A PREROUTING -d 169.254.10.10/32 -p udp -j CT --notrack"), [], []],
  ["IPVS without Services", { ...good, ipvsTable: read(IPVS_HEADINGS), ipvsConntrack: read("0\n") }, [], []],
  ["IPVS with conntrack", { ...good, ipvsTable: read(`${IPVS_HEADINGS}TCP  0A60000A:1F90 rr\n`), ipvsConntrack: read("1\n") }, [], []],
  [
    "IPVS without conntrack",
    { ...good, ipvsTable: read(`${IPVS_HEADINGS}TCP  0A60000A:1F90 rr\n`), ipvsConntrack: read("0\n") },
    ["IpvsConntrack"],
    [],
  ],
  ["IPVS unreadable", { ...good, ipvsTable: unknown }, [], ["IpvsConntrack"]],
  ["IPVS' setting unreadable", { ...good, ipvsTable: read(`${IPVS_HEADINGS}TCP x\n`), ipvsConntrack: unknown }, [], ["IpvsConntrack"]],
  ["Azure NPM", withRules("-A AZURE-NPM-INGRESS -j DROP"), ["PolicyChains"], []],
  ["Calico", withRules("-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch"), ["PolicyChains"], []],
  ["kube-router", withRules("-A KUBE-NWPLCY-ABCDEF -j RETURN"), ["PolicyChains"], []],
  ["empty chains that were left behind", withRules(":AZURE-NPM - [0:0]", ":cali-FORWARD - [0:0]"), [], []],
  ["FORWARD drops", dropping(), ["ForwardPolicy"], []],
  [
    "FORWARD drops, and accepts marked packets only",
    dropping("-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT"),
    ["ForwardPolicy"],
    [],
  ],
  ["FORWARD drops, and accepts pods", dropping('-A FORWARD -s 10.244.0.0/16 -m comment --comment "pod traffic" -j ACCEPT'), [], []],
  ["FORWARD drops, and accepts everything", dropping("-A FORWARD -j ACCEPT"), [], []],
  [
    "iptables cannot be asked",
    { ...good, filters: [nft(read(KUBE_PROXY)), nft(unknown)] },
    [],
    ["ConntrackZones", "PolicyChains", "ForwardPolicy", "OneBackend"],
  ],
  [
    "one backend cannot be asked, the other shows Calico",
    { ...good, filters: [nft(unknown), legacy(read("-A cali-FORWARD -j DROP"))] },
    ["PolicyChains"],
    ["ConntrackZones", "ForwardPolicy", "OneBackend"],
  ],
  ["rules in both backends", { ...good, filters: [nft(read(KUBE_PROXY)), legacy(read("-A INPUT -j ACCEPT"))] }, ["OneBackend"], []],
  ["an empty table of the older backend", { ...good, filters: [nft(read(KUBE_PROXY)), legacy(read(":INPUT ACCEPT [0:0]"))] }, [], []],
  ["no types of the kernel", { ...good, btf: absent }, ["KernelFeatures"], []],
  ["types unreadable", { ...good, btf: unknown }, [], ["KernelFeatures"]],
  ["no BPF file system", withoutMount("bpf"), ["KernelFeatures"], []],
  ["no cgroup v2", withoutMount("cgroup2"), ["KernelFeatures"], []],
  ["mounts unreadable", { ...good, mounts: unknown }, [], ["KernelFeatures"]],
  ["no mounts at all", { ...good, mounts: absent }, [], ["KernelFeatures"]],
];

for (const [what, seen, failed, unknowns] of table)
  test(`preconditions: ${what}`, () => {
    const judged = judgePreconditions(seen);
    const named = (outcome: string): string[] => judged.filter((one) => one.outcome === outcome).map(({ name }) => name);
    assert.deepEqual([named("Failed"), named("Unknown")], [failed, unknowns]);
    assert.ok(judged.every(({ outcome, message }) => (outcome === "Passed") === (message === "")));
  });
