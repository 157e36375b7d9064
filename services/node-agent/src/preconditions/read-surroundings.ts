import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONNTRACK_STATUS, type ConntrackEntry } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import { FLOWS_PER_SHARE } from "../host-routing/datapath.ts";
import type { FlowSample, SurroundingReadings } from "./judge-surroundings.ts";
import { readText, type EntriesReading } from "./read-node-state.ts";

/** Where the node's container network is configured, as the agent's pod sees it. */
const NETWORK_FOLDER = "/host/etc/cni/net.d";
/** A configuration of the network is a few hundred bytes; a folder with more files has something else in it. */
const NETWORK_FILES_MAX = 32;

/** Reads what `judgeSurroundings` judges, in the current network namespace. Nothing is changed and nothing thrown. */
export function readSurroundings(entries: EntriesReading): SurroundingReadings {
  return {
    lockdown: readText("/sys/kernel/security/lockdown"),
    network: readNetwork(NETWORK_FOLDER),
    arpTables: readText("/proc/net/arp_tables_names"),
    modules: readText("/proc/modules"),
    flows: entries.kind === "read" ? { kind: "read", ...sampleFlows(entries.entries) } : entries,
    flowsMax: FLOWS_PER_SHARE,
  };
}

function readNetwork(folder: string): SurroundingReadings["network"] {
  try {
    const names = readdirSync(folder).slice(0, NETWORK_FILES_MAX);
    return { kind: "read", files: names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") })) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? { kind: "absent" } : { kind: "unknown", because: `${folder}: ${code ?? explain(error)}` };
  }
}

/** Counts flows: all, and of those that are translated how many share a translated address and a destination. Pure. */
export function sampleFlows(entries: readonly ConntrackEntry[]): Omit<Extract<FlowSample, { kind: "read" }>, "kind"> {
  const shared = new Map<string, number>();
  for (const { original, reply, status } of entries) {
    if ((status & CONNTRACK_STATUS.SRC_NAT) === 0) continue;
    const key = `${reply.destination} ${original.protocol} ${reply.source} ${reply.sourcePort}`;
    shared.set(key, (shared.get(key) ?? 0) + 1);
  }
  const [first] = [...shared].toSorted(([, a], [, b]) => b - a);
  return { flows: entries.length, busiest: first && { destination: destinationOf(first[0]), flows: first[1] } };
}

function destinationOf(key: string): string {
  const [, protocol, address, port] = key.split(" ");
  return `${address} port ${port} (protocol ${protocol})`;
}
