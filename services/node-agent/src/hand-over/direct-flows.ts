import { Conntrack, CONNTRACK_STATUS, type ConntrackEntry, type ConntrackTuple } from "@hostrouting/bpf-loader";
import type { Datapath } from "../host-routing/datapath.ts";
import { kernelAddress } from "../host-routing/kernel-address.ts";
import { Struct } from "../host-routing/kernel-layout.ts";
import { readKernelSettings } from "../masquerade/kernel-settings.ts";
import { allEntries, nameOf } from "./conntrack-names.ts";
import type { HandOverOf } from "./hand-over.ts";
import { textOf } from "./translated-flow.ts";

const IPPROTO_TCP = 6;
/** Members of `enum hr_flow_flag`. */
const FIN_FROM_LOW = 1;
const FIN_FROM_HIGH = 2;
const OPENED_FROM_HIGH = 8;

/**
 * Tells conntrack of the TCP connections that were fast and go on over the stack. Conntrack picks up a connection in the middle by its
 * data, but not by its end: the FIN or RST of one that was silent since would be INVALID, and kube-proxy's rule drops those, so the other
 * side would never hear of it. UDP needs nothing. Runs in the node's network namespace; answers how many were entered.
 */
export function enterDirectFlows(datapath: Datapath, of: HandOverOf): number {
  const flows = openConnections(datapath, of);
  if (flows.length === 0) return 0;
  const timeoutSeconds = readKernelSettings().timeouts.tcpEstablished;
  const table = new OwnEntries();
  try {
    return flows.filter((flow) => table.enter(flow, timeoutSeconds)).length;
  } finally {
    table.close();
  }
}

/** The conntrack table as far as our own entries in it go. */
class OwnEntries {
  readonly #conntrack = Conntrack.open();
  #marked: ReadonlyMap<string, ConntrackTuple> | undefined;

  /** False when the stack tracks the connection already. */
  enter(original: ConntrackTuple, timeoutSeconds: number): boolean {
    // translated into what it is: no translation, and none is looked for later
    const entry = { original, translated: { address: original.source, port: original.sourcePort }, timeoutSeconds };
    if (this.#conntrack.enterTranslated(entry)) return true;
    const marked = this.#findMarked(original);
    return marked !== undefined && this.#conntrack.remove(marked) && this.#conntrack.enterTranslated(entry);
  }

  close(): void {
    this.#conntrack.close();
  }

  /** A mark of the gate's for the same connection, in either direction. Read once, and only where an entry was refused. */
  #findMarked(original: ConntrackTuple): ConntrackTuple | undefined {
    this.#marked ??= new Map(
      allEntries(this.#conntrack)
        .filter(isMark)
        .flatMap((entry) => [
          [nameOf(entry.original), entry.original],
          [nameOf(entry.reply), entry.original],
        ]),
    );
    return this.#marked.get(nameOf(original));
  }
}

/** bpf/host-routing/conntrack.h, is_trace(): what it enters is marked and was never answered. */
function isMark({ mark, status }: ConntrackEntry): boolean {
  return mark !== 0 && (status & CONNTRACK_STATUS.SEEN_REPLY) === 0;
}

function openConnections(datapath: Datapath, of: HandOverOf): ConntrackTuple[] {
  const { epoch } = datapath.readControl();
  const wanted = of === "all" ? undefined : new Set(of.addresses.map((address) => kernelAddress(address).toString("hex")));
  return datapath.maps.hr_flows.keys().flatMap((bytes) => {
    const key = new Struct("hr_flow_key", bytes);
    if (key.number("protocol") !== IPPROTO_TCP) return [];
    if (wanted && !wanted.has(bytes.toString("hex", 0, 16)) && !wanted.has(bytes.toString("hex", 16, 32))) return [];
    const value = datapath.maps.hr_flows.lookup(bytes);
    if (!value) return []; // it ended meanwhile
    const flow = new Struct("hr_flow", value);
    const flags = flow.number("flags");
    const hasEnded = (flags & FIN_FROM_LOW) !== 0 && (flags & FIN_FROM_HIGH) !== 0;
    return flow.number("epoch") !== epoch || hasEnded ? [] : [tupleOf(bytes, (flags & OPENED_FROM_HIGH) !== 0)];
  });
}

/** From whoever opened the connection. */
function tupleOf(key: Buffer, fromHigh: boolean): ConntrackTuple {
  const low = { address: textOf(key, 0), port: key.readUInt16BE(32) };
  const high = { address: textOf(key, 16), port: key.readUInt16BE(34) };
  const [from, to] = fromHigh ? [high, low] : [low, high];
  return {
    protocol: IPPROTO_TCP,
    source: from.address,
    sourcePort: from.port,
    destination: to.address,
    destinationPort: to.port,
  };
}
