import { NetlinkSocket, readLinks, type Link } from "@hostrouting/bpf-loader";
import { AppError, type FlowEnd, type FlowTrace, type FlowTuple, type TracedDirection, type UnseenDirection } from "@hostrouting/domain";
import type { Datapath } from "../host-routing/datapath.ts";
import { kernelAddress } from "../host-routing/kernel-address.ts";
import { ENDPOINT_FLAG, KERNEL_LAYOUTS, ROLE, Struct } from "../host-routing/kernel-layout.ts";
import { findDevices, readNetwork } from "../host-routing/node-devices.ts";
import { flowPacket, type PacketKind } from "./flow-packet.ts";
import { tracedDirection } from "./traced-direction.ts";

/** `struct __sk_buff` up to gso_size, and where its device indexes stand (linux/bpf.h). */
const CONTEXT_BYTES = 192;
const INGRESS_IFINDEX_OFFSET = 36;
const IFINDEX_OFFSET = 40;
const FIRST = Buffer.alloc(4);
/** Somebody else may trace at the same moment; each look is over in microseconds. */
const LOOKS_MAX = 5;

/** What is asked: `opening` looks at the first packet of a connection instead of one in its middle. */
export type TraceQuestion = { readonly flow: FlowTuple; readonly opening: boolean };

type Direction = Pick<FlowTuple, "source" | "destination">;

/** Asks the kernel's programs what they do with a flow's next packets, there and back. Changes nothing and sends nothing. */
export function traceFlow(datapath: Datapath, question: TraceQuestion): FlowTrace {
  const socket = NetlinkSocket.open();
  try {
    const node = new TracedNode(datapath, socket);
    const { flow, opening } = question;
    const there = node.trace(flow, flow, { opening });
    const back = answerTo(flow, there);
    return {
      protocol: flow.protocol,
      mode: datapath.readControl().mode,
      directions: [there, "unseen" in back ? back : node.trace(flow, back, { answer: true })],
    };
  } finally {
    socket.close();
  }
}

/** Where the answer comes in: at the address that the flow has outside, if it is translated. */
function answerTo({ source, destination }: FlowTuple, there: TracedDirection | UnseenDirection): Direction | UnseenDirection {
  if ("unseen" in there || there.role !== "Pod" || there.addressClass !== "Masquerade") return { source: destination, destination: source };
  const { translation, reason } = there;
  if (translation) return { source: destination, destination: { address: translation.address, port: translation.port } };
  if (reason === "FastMasquerade") return { source: destination, destination: source, unseen: "NotTranslatedYet" };
  return { source: destination, destination: source };
}

class TracedNode {
  readonly #datapath: Datapath;
  readonly #links: Link[];
  /** Local pods' devices by address, whether they carry our program or not. */
  readonly #pods = new Map<string, number>();
  readonly #own: ReadonlySet<string>;

  constructor(datapath: Datapath, socket: NetlinkSocket) {
    this.#datapath = datapath;
    this.#links = readLinks(socket);
    const network = readNetwork(socket);
    const { pods, unfit } = findDevices(network, []);
    for (const { addresses, ifindex } of [...pods, ...unfit]) for (const address of addresses) this.#pods.set(keyOf(address), ifindex);
    this.#own = new Set(network.addresses.map(({ address }) => keyOf(address)));
  }

  trace(flow: FlowTuple, { source, destination }: Direction, kind: PacketKind): TracedDirection | UnseenDirection {
    const unseen = (why: UnseenDirection["unseen"]): UnseenDirection => ({ source, destination, unseen: why });
    const sender = this.#podDevice(source);
    if (sender === undefined && !this.#isHere(destination)) return unseen("NotHere");
    if (sender !== undefined && this.#role(sender) !== ROLE.POD) return unseen("NoProgram");
    const ifindex = sender ?? this.#uplink();
    if (ifindex === undefined) return unseen("NoUplink");
    const found = this.#run(flowPacket({ ...flow, source, destination }, kind), ifindex);
    const keptOnStack = (["source", "destination"] as const).filter((end) => this.#isKept({ source, destination }[end]));
    return tracedDirection({ source, destination, keptOnStack, found, ifindex, nameOf: (index) => this.#nameOf(index) });
  }

  #endpoint({ address }: FlowEnd): Struct<"hr_endpoint"> | undefined {
    const value = this.#datapath.maps.hr_endpoints.lookup(kernelAddress(address));
    return value && new Struct("hr_endpoint", value);
  }

  #isKept(end: FlowEnd): boolean {
    return ((this.#endpoint(end)?.number("flags") ?? 0) & ENDPOINT_FLAG.OPT_OUT) !== 0;
  }

  #podDevice(end: FlowEnd): number | undefined {
    return this.#endpoint(end)?.number("ifindex") ?? this.#pods.get(keyOf(end.address));
  }

  #isHere(end: FlowEnd): boolean {
    return this.#podDevice(end) !== undefined || this.#own.has(keyOf(end.address));
  }

  #uplink(): number | undefined {
    return this.#datapath.maps.hr_devices
      .keys()
      .map((key) => key.readUInt32LE())
      .find((ifindex) => this.#role(ifindex) === ROLE.UPLINK);
  }

  #role(ifindex: number): number | undefined {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(ifindex);
    return this.#datapath.maps.hr_devices.lookup(key)?.readUInt32LE();
  }

  #nameOf(ifindex: number): string {
    return this.#links.find(({ index }) => index === ifindex)?.name ?? `device ${ifindex}`;
  }

  /** One run's findings; taken again when somebody else's run came in between. */
  #run(frame: Buffer, ifindex: number): Struct<"hr_trace"> {
    const program = this.#datapath.programs.trace_flow;
    if (!program)
      throw new AppError("trace.not-there", {
        say: "The datapath on this node is of a version that cannot be traced",
        do: "Roll out this agent's bundle.",
      });
    const context = Buffer.alloc(CONTEXT_BYTES);
    context.writeUInt32LE(ifindex, INGRESS_IFINDEX_OFFSET);
    context.writeUInt32LE(ifindex, IFINDEX_OFFSET);
    for (let look = 0; look < LOOKS_MAX; look++) {
      const before = this.#findings().bigint("runs");
      program.runPacket(frame, context);
      const found = this.#findings();
      if (found.bigint("runs") === before + 1n) return found;
    }
    throw new AppError("trace.busy", { say: "Others trace on this node at the same time", do: "Try again." });
  }

  #findings(): Struct<"hr_trace"> {
    return new Struct("hr_trace", this.#datapath.maps.hr_traced.lookup(FIRST) ?? Buffer.alloc(KERNEL_LAYOUTS.hr_trace.size));
  }
}

function keyOf(address: string): string {
  return kernelAddress(address).toString("hex");
}
