import { isFault } from "../bpf-fault.ts";
import { BpfProgram } from "../bpf-program.ts";
import { requireHandle, requireIndex } from "../checked-arguments.ts";
import { requireDeviceSide, type DeviceSide } from "../device-side.ts";
import { attribute, decodeAttributes, readText, readU32, textAttribute, u32Attribute } from "./netlink-message.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NetlinkSocket } from "./netlink-socket.ts";

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const TC_H_CLSACT = 0xfffffff1;
const CLSACT_HANDLE = 0xffff0000;
const CLSACT = { Ingress: 0xfffffff2, Egress: 0xfffffff3 } as const;
const ETH_P_ALL_BE = 0x0300;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
const TCA_BPF_ID = 11;
const DIRECT_ACTION = 1;
const MESSAGE_BYTES = 20;

/** Where our filter stands among others: alone, at the first priority. */
const OUR_PRIORITY = 1;
const OUR_HANDLE = 1;

/** A filter on a side of a device; `programId` only for kind "bpf". */
export type TcFilter = { kind: string; priority: number; handle: number; programId: number | undefined };

/** Whether a filter stands where ours do. */
export function isAtOurPlace({ priority, handle }: TcFilter): boolean {
  return priority === OUR_PRIORITY && handle === OUR_HANDLE;
}

/** Lists the filters on a side of a device; none without a qdisc. */
export function readFilters(socket: NetlinkSocket, place: DeviceSide): TcFilter[] {
  requirePlace(socket, place);
  try {
    return socket.dump(RTM_GETTFILTER, tcMessage({ ifindex: place.ifindex, parent: CLSACT[place.side] })).flatMap(decodeFilter);
  } catch (error) {
    if (isFault(error, "ENOENT") || isFault(error, "EINVAL")) return [];
    throw error;
  }
}

/** Attaches a program as a direct-action filter on a side of a device, replacing whatever is at our place. */
export function attachFilter(socket: NetlinkSocket, program: BpfProgram, place: DeviceSide): void {
  requirePlace(socket, place);
  const { ifindex } = place;
  requireHandle(program, BpfProgram, "program");
  const qdisc = Buffer.concat([tcMessage({ ifindex, parent: TC_H_CLSACT, handle: CLSACT_HANDLE }), textAttribute(TCA_KIND, "clsact")]);
  try {
    socket.change(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, qdisc);
  } catch (error) {
    if (!isFault(error, "EEXIST")) throw error;
  }
  const options = Buffer.concat([
    u32Attribute(TCA_BPF_FD, program.fd),
    textAttribute(TCA_BPF_NAME, program.name.split("/").at(-1) ?? ""),
    u32Attribute(TCA_BPF_FLAGS, DIRECT_ACTION),
  ]);
  const filter = Buffer.concat([ourFilter(place), textAttribute(TCA_KIND, "bpf"), attribute(TCA_OPTIONS, options)]);
  socket.change(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, filter);
}

/** Removes our filter. Nothing there is no error. */
export function detachFilter(socket: NetlinkSocket, place: DeviceSide): void {
  requirePlace(socket, place);
  const gone = (error: unknown): boolean => ["ENOENT", "EINVAL", "ENODEV"].some((name) => isFault(error, name));
  try {
    socket.change(RTM_DELTFILTER, 0, Buffer.concat([ourFilter(place), textAttribute(TCA_KIND, "bpf")]));
  } catch (error) {
    if (!gone(error)) throw error;
  }
}

/** Removes a device's clsact qdisc with all of its filters; for devices where we made it and nobody else uses it. */
export function removeClsact(socket: NetlinkSocket, ifindex: number): void {
  requireHandle(socket, NetlinkSocket, "netlink socket");
  requireIndex(ifindex);
  socket.change(
    RTM_DELQDISC,
    0,
    Buffer.concat([tcMessage({ ifindex, parent: TC_H_CLSACT, handle: CLSACT_HANDLE }), textAttribute(TCA_KIND, "clsact")]),
  );
}

function requirePlace(socket: NetlinkSocket, place: DeviceSide): void {
  requireHandle(socket, NetlinkSocket, "netlink socket");
  requireDeviceSide(place);
}

function ourFilter({ ifindex, side }: DeviceSide): Buffer {
  return tcMessage({ ifindex, parent: CLSACT[side], handle: OUR_HANDLE, info: (OUR_PRIORITY << 16) | ETH_P_ALL_BE });
}

function tcMessage(fields: { ifindex: number; parent: number; handle?: number; info?: number }): Buffer {
  const message = Buffer.alloc(MESSAGE_BYTES);
  message.writeInt32LE(fields.ifindex, 4);
  message.writeUInt32LE(fields.handle ?? 0, 8);
  message.writeUInt32LE(fields.parent, 12);
  message.writeUInt32LE((fields.info ?? 0) >>> 0, 16);
  return message;
}

function decodeFilter(payload: Buffer): TcFilter[] {
  const attributes = decodeAttributes(payload.subarray(MESSAGE_BYTES));
  const handle = payload.readUInt32LE(8);
  const options = attributes.get(TCA_OPTIONS);
  if (handle === 0 || !options) return []; // the priority's head entry, not a filter
  return [
    {
      kind: readText(attributes.get(TCA_KIND)) ?? "",
      priority: payload.readUInt32LE(16) >>> 16,
      handle,
      programId: readU32(decodeAttributes(options).get(TCA_BPF_ID)),
    },
  ];
}
