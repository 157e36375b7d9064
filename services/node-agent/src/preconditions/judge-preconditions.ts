/**
 * What must hold of a node before its pods' packets may pass the stack by. Each is looked at by itself and has three outcomes: what could
 * not be read is unknown, and neither passes nor fails.
 */

/** A text that was read, or why it could not be. `absent`: the kernel has no such thing here. */
export type Reading = { kind: "read"; text: string } | { kind: "absent" } | { kind: "unknown"; because: string };

/** What a backend of iptables shows of a family, or of one of its tables. */
export type FilterReading = Reading & { backend: "nft" | "legacy" };

/** What the node shows. `filters`: iptables-save of every backend and family, the nat table left out. */
export type NodeReadings = {
  /** net.netfilter.nf_conntrack_tcp_loose */
  looseTcp: Reading;
  /** net.ipv4.vs.conntrack */
  ipvsConntrack: Reading;
  /** /proc/net/ip_vs */
  ipvsTable: Reading;
  filters: readonly FilterReading[];
  /** /proc/self/mountinfo */
  mounts: Reading;
  /** /sys/kernel/btf/vmlinux; its text is left out. */
  btf: Reading;
  /** Zones of the flows that conntrack knows. */
  zones: { kind: "read"; inUse: readonly number[] } | { kind: "unknown"; because: string };
};

/** Names as the node's report has them. */
export type PreconditionName =
  | "LoosePickup"
  | "ConntrackZones"
  | "IpvsConntrack"
  | "PolicyChains"
  | "ForwardPolicy"
  | "KernelFeatures"
  | "OneBackend"
  | "MasqueradeRanges"
  | "Lockdown"
  | "NetworkPlugins"
  | "OtherFilters"
  | "SourcePorts"
  | "TableSizes"
  | "UnexpectedRules";

/** One answer. `message` says what was seen; empty when it holds. */
export type Precondition = { name: PreconditionName; outcome: "Passed" | "Failed" | "Unknown"; message: string };

/** Chains of engines that enforce network policy in iptables: Azure NPM, Calico, kube-router, Weave. */
const POLICY_CHAINS = /^(AZURE-NPM|cali-|KUBE-NWPLCY-|KUBE-POD-FW-|WEAVE-NPC)/;
/** /proc/net/ip_vs begins with three lines of headings. */
const IPVS_HEADING_LINES = 3;
/** Names in a message; more tell nothing new. */
const NAMED_MAX = 5;

/** Every precondition, in a fixed order. Pure. */
export function judgePreconditions(seen: NodeReadings): Precondition[] {
  return [
    answer("LoosePickup", judgeLoose(seen)),
    answer("ConntrackZones", judgeZones(seen)),
    answer("IpvsConntrack", judgeIpvs(seen)),
    answer("PolicyChains", overFilters(seen, policyChains)),
    answer("ForwardPolicy", overFilters(seen, forwardPolicy)),
    answer("KernelFeatures", judgeKernel(seen)),
    answer("OneBackend", judgeBackends(seen)),
  ];
}

/** Undefined: it holds. */
type Judgement = { failed: string } | { unknown: string } | undefined;

function answer(name: PreconditionName, judgement: Judgement): Precondition {
  if (judgement === undefined) return { name, outcome: "Passed", message: "" };
  return "failed" in judgement
    ? { name, outcome: "Failed", message: judgement.failed }
    : { name, outcome: "Unknown", message: judgement.unknown };
}

/** A flow that returns to the stack is met there in its middle; 0 makes conntrack take that for INVALID. Absent: no conntrack, no verdict. */
function judgeLoose({ looseTcp }: NodeReadings): Judgement {
  if (looseTcp.kind === "unknown") return { unknown: `net.netfilter.nf_conntrack_tcp_loose: ${looseTcp.because}` };
  if (looseTcp.kind === "absent" || looseTcp.text.trim() !== "0") return undefined;
  return { failed: "net.netfilter.nf_conntrack_tcp_loose is 0: TCP connections would not survive their return to the stack." };
}

/** The gate asks conntrack for zone 0 only; a flow in another zone would look unknown, though NAT may be at work on it. */
function judgeZones({ zones, filters }: NodeReadings): Judgement {
  const ruled = filters.flatMap((reading) => (reading.kind === "read" ? zoneRules(reading.text) : []));
  if (ruled.length > 0) return { failed: `A rule puts flows into a conntrack zone: ${ruled[0]}` };
  if (zones.kind === "read" && zones.inUse.length > 0)
    return { failed: `conntrack has flows in zone ${zones.inUse.slice(0, NAMED_MAX).join(", ")}.` };
  if (zones.kind === "unknown") return { unknown: `conntrack's zones: ${zones.because}` };
  return firstUnknown(filters);
}

function zoneRules(saved: string): string[] {
  return saved.split("\n").filter((line) => line.startsWith("-A ") && /-j CT .*--zone/.test(line));
}

/** Without its own conntrack IPVS translates where nobody can be asked, and the answers would pass it by. */
function judgeIpvs({ ipvsConntrack, ipvsTable }: NodeReadings): Judgement {
  if (ipvsTable.kind === "absent") return undefined;
  if (ipvsTable.kind === "unknown") return { unknown: `/proc/net/ip_vs: ${ipvsTable.because}` };
  if (ipvsTable.text.trim().split("\n").length <= IPVS_HEADING_LINES) return undefined;
  if (ipvsConntrack.kind === "unknown") return { unknown: `net.ipv4.vs.conntrack: ${ipvsConntrack.because}` };
  if (ipvsConntrack.kind === "read" && ipvsConntrack.text.trim() === "1") return undefined;
  return { failed: "IPVS has Services and net.ipv4.vs.conntrack is not 1: answers to Services would not be translated back." };
}

/** Types of mounts without which there is nowhere to keep programs, or nobody whom the guard could tell from others (proc(5), mountinfo). */
const MOUNTS = [
  ["bpf", "No BPF file system is mounted"],
  ["cgroup2", "No cgroup v2 hierarchy is mounted"],
] as const;

function judgeKernel({ mounts, btf }: NodeReadings): Judgement {
  const types = mounts.kind === "read" ? new Set(mounts.text.split("\n").map((line) => line.split(" - ")[1]?.split(" ")[0])) : undefined;
  const lacking = [
    ...(btf.kind === "absent" ? ["The kernel does not describe its types (CONFIG_DEBUG_INFO_BTF)"] : []),
    ...MOUNTS.flatMap(([type, fault]) => (types === undefined || types.has(type) ? [] : [fault])),
  ];
  if (lacking.length > 0) return { failed: `${lacking.join(". ")}.` };
  const unread = [btf, mounts].find(({ kind }) => kind === "unknown");
  if (unread?.kind === "unknown") return { unknown: unread.because };
  return types === undefined ? { unknown: "/proc/self/mountinfo is not there" } : undefined;
}

/** Rules in both backends of iptables: each hides the other's from whoever asks one. */
function judgeBackends({ filters }: NodeReadings): Judgement {
  const populated = new Set(filters.flatMap((reading) => (reading.kind === "read" && /^-A /m.test(reading.text) ? [reading.backend] : [])));
  if (populated.size > 1) return { failed: "Rules are in both backends of iptables, nft and legacy." };
  return firstUnknown(filters);
}

/** What can be seen decides; what cannot is unknown only when nothing that can be seen fails. */
function overFilters({ filters }: NodeReadings, judge: (saved: string) => string | undefined): Judgement {
  for (const reading of filters) {
    const failed = reading.kind === "read" ? judge(reading.text) : undefined;
    if (failed !== undefined) return { failed };
  }
  return firstUnknown(filters);
}

function firstUnknown(filters: readonly Reading[]): Judgement {
  const unread = filters.find((reading) => reading.kind === "unknown");
  return unread?.kind === "unknown" ? { unknown: `iptables: ${unread.because}` } : undefined;
}

/** Empty chains decide nothing: they are what an engine leaves behind. */
function policyChains(saved: string): string | undefined {
  const chains = new Set(saved.split("\n").flatMap((line) => /^-A (\S+) /.exec(line)?.[1] ?? []));
  const found = [...chains].filter((chain) => POLICY_CHAINS.test(chain));
  if (found.length === 0) return undefined;
  return `Chains of a policy engine are in iptables: ${found.slice(0, NAMED_MAX).join(", ")}. What they deny would pass.`;
}

/** A table that forwards nothing unless a rule says so means something by it; rules that accept a whole range of addresses undo it. */
function forwardPolicy(saved: string): string | undefined {
  if (!/^:FORWARD DROP\b/m.test(saved)) return undefined;
  const accepts = saved.split("\n").some((line) => /^-A (FORWARD|KUBE-FORWARD) .*-j ACCEPT/.test(line) && acceptsPods(line));
  return accepts ? undefined : "The policy of FORWARD is DROP, and no rule accepts pods' traffic: what it denies would pass.";
}

function acceptsPods(rule: string): boolean {
  const matches = rule.replace(/^-A \S+ /, "").replace(/-m comment --comment ("(?:[^"\\]|\\.)*"|\S+) ?/g, "");
  return /^(-s \S+ |-d \S+ )?-j ACCEPT/.test(matches);
}
