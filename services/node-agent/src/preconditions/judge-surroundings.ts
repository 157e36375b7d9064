import type { Precondition, Reading } from "./judge-preconditions.ts";

/**
 * What stands around host routing on a node: it neither breaks nor carries it, and people should know. Each is looked at by itself; what a
 * node does not have is not told, so that nobody takes it for looked at.
 */

/** What conntrack's flows come to. `busiest`: the destination, with protocol and port, to which most flows of one source address are translated. */
export type FlowSample =
  | { kind: "read"; flows: number; busiest: { destination: string; flows: number } | undefined }
  /** Too many to look at each. */
  | { kind: "counted"; flows: number }
  | { kind: "unknown"; because: string };

/** What the node shows. */
export type SurroundingReadings = {
  /** /sys/kernel/security/lockdown */
  lockdown: Reading;
  /** Configuration of the container network, by the names of its files. */
  network: { kind: "read"; files: readonly { name: string; text: string }[] } | { kind: "absent" } | { kind: "unknown"; because: string };
  /** /proc/net/arp_tables_names */
  arpTables: Reading;
  /** /proc/modules */
  modules: Reading;
  flows: FlowSample;
  /** How many flows the programs' table has room for. */
  flowsMax: number;
};

/** Flows to one destination that share an address have 32,768 ports at least; with half of them in use a peak may find none. */
const FLOWS_TO_ONE_MAX = 16_384;
/** Filled to three quarters, a table that displaces its oldest begins to displace what is in use. */
const FILLED_MAX = 0.75;
/** Plugins that are called first and make something else than a veth, or hand over to others that do. */
const NO_VETH = new Set(["multus", "multus-shim", "ipvlan", "macvlan", "sriov", "host-device", "tap", "dpdk", "cilium-cni"]);

/** Every answer that this node can give, in a fixed order. Pure. */
export function judgeSurroundings(seen: SurroundingReadings): Precondition[] {
  return [judgeLockdown(seen), judgeNetwork(seen), judgeOtherFilters(seen), judgePorts(seen), judgeTables(seen)].filter(
    (judged) => judged !== undefined,
  );
}

const passed = (name: Precondition["name"]): Precondition => ({ name, outcome: "Passed", message: "" });
const failed = (name: Precondition["name"], message: string): Precondition => ({ name, outcome: "Failed", message });
const unknown = (name: Precondition["name"], message: string): Precondition => ({ name, outcome: "Unknown", message });

/** `integrity` refuses programs that write user memory, which none of ours does; `confidentiality` those that read the kernel's. */
function judgeLockdown({ lockdown }: SurroundingReadings): Precondition | undefined {
  const name = "Lockdown";
  if (lockdown.kind === "absent") return undefined;
  if (lockdown.kind === "unknown") return unknown(name, lockdown.because);
  const mode = /\[(\w+)\]/.exec(lockdown.text)?.[1];
  if (mode === undefined) return unknown(name, "/sys/kernel/security/lockdown marks no mode.");
  if (mode !== "confidentiality") return passed(name);
  return failed(name, "The kernel is locked down for confidentiality: programs that read its memory are refused.");
}

/** The runtime takes the first file by name that is a configuration (CNI's libcni). */
function judgeNetwork({ network }: SurroundingReadings): Precondition | undefined {
  const name = "NetworkPlugins";
  if (network.kind === "absent") return undefined;
  if (network.kind === "unknown") return unknown(name, network.because);
  const first = network.files.filter((file) => /\.(conf|conflist|json)$/.test(file.name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
  if (first === undefined) return undefined;
  const types = pluginTypes(first.text);
  if (types === undefined) return unknown(name, `${first.name} cannot be read as a network configuration.`);
  const strange = types.filter((type) => NO_VETH.has(type));
  if (strange.length === 0) return passed(name);
  return failed(name, `${first.name} names ${strange.join(", ")}: pods' devices are not plain veths of one plugin.`);
}

function pluginTypes(text: string): readonly string[] | undefined {
  try {
    const { type, plugins } = JSON.parse(text) as { type?: unknown; plugins?: readonly { type?: unknown }[] };
    const types = (plugins ?? [{ type }]).map((plugin) => plugin.type).filter((each) => typeof each === "string");
    return types.length === 0 ? undefined : types;
  } catch {
    return undefined;
  }
}

/** Tables that no reader of rules shows: what is in them is not judged. nftables' own families are read with the others. */
function judgeOtherFilters({ arpTables, modules }: SurroundingReadings): Precondition {
  const name = "OtherFilters";
  const arp = arpTables.kind === "read" ? arpTables.text.trim().split("\n").filter(Boolean) : [];
  const loaded = modules.kind === "read" ? modules.text.split("\n").map((line) => line.split(" ")) : [];
  const bridge = loaded.flatMap(([module = ""]) => /^ebtable_(?:broute|filter|nat)$/.exec(module) ?? []);
  // name, bytes, uses: as many as rules match sets.
  const sets = loaded.some(([module, , uses]) => module === "xt_set" && Number(uses) > 0);
  const found = [
    ...(arp.length > 0 ? [`arptables has tables: ${arp.join(", ")}.`] : []),
    ...(bridge.length > 0 ? [`ebtables has tables: ${bridge.map((module) => module.replace("ebtable_", "")).join(", ")}.`] : []),
    ...(sets ? ["Rules match address sets (ipset), whose members are not read."] : []),
  ];
  if (found.length > 0) return failed(name, found.join(" "));
  const unread = [arpTables, modules].find(({ kind }) => kind === "unknown");
  return unread?.kind === "unknown" ? unknown(name, unread.because) : passed(name);
}

function judgePorts({ flows }: SurroundingReadings): Precondition {
  const name = "SourcePorts";
  if (flows.kind === "unknown") return unknown(name, flows.because);
  if (flows.kind === "counted") return unknown(name, `conntrack knows ${flows.flows} flows, too many to look at each.`);
  const { busiest } = flows;
  if (busiest === undefined || busiest.flows <= FLOWS_TO_ONE_MAX) return passed(name);
  return failed(name, `${busiest.flows} flows are translated to one address on their way to ${busiest.destination}.`);
}

function judgeTables({ flows, flowsMax }: SurroundingReadings): Precondition {
  const name = "TableSizes";
  if (flows.kind === "unknown") return unknown(name, flows.because);
  if (flows.flows <= flowsMax * FILLED_MAX) return passed(name);
  return failed(name, `conntrack knows ${flows.flows} flows, and the programs' table has room for ${flowsMax}.`);
}
