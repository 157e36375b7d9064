import {
  attachFilter,
  attachTcx,
  detachFilter,
  detachPinnedLink,
  isAtOurPlace,
  isFault,
  queryTcx,
  readFilters,
  readLinks,
  readPinnedLink,
  removeClsact,
  type BpfProgram,
  type DeviceSide,
  type TcFilter,
  type NetlinkSocket,
} from "@hostrouting/bpf-loader";
import { AppError } from "@hostrouting/domain";
import type { Datapath } from "./datapath.ts";
import type { StayReason } from "../pods/node-pod.ts";
import type { NodeDevices, UnfitReason } from "./node-devices.ts";

/** The two ways onto a device. */
export type Hook = "tcx" | "clsact";

/** Somebody else's program is on the device's ingress: ours would pass it by. */
export type ForeignReason = "ForeignTcxProgram" | "ForeignTcFilter";

/**
 * A device, and whether our program is on it right now, by the kernel's own list. `reason` says why it is not, or, where it is (OptOut,
 * BandwidthLimit), why it leaves the pod's packets to the stack all the same. `pod`: `namespace/name`, where known.
 */
export type HookedDevice = {
  name: string;
  ifindex: number;
  role: "Pod" | "Uplink";
  attached: boolean;
  hook: Hook;
  reason?: ForeignReason | StayReason | UnfitReason | "AttachRefused" | "NotAttached";
  pod?: string;
  addresses: string[];
};

/** What attaching must know. `others`: ids of our programs of another version, which may still be there during an upgrade. */
export type AttachOptions = {
  others: ReadonlySet<number>;
  /** Is told which devices are about to lose our program, while it still works, and which carry it and keep it. */
  beforeDetach: (leaving: ReadonlySet<number>, staying: ReadonlySet<number>) => void;
};

/** Whether this kernel has tcx (6.6 and later). Devices of kernels without it get clsact filters. */
export function probeHook(): Hook {
  try {
    queryTcx({ ifindex: 1, side: "Ingress" });
    return "tcx";
  } catch {
    return "clsact";
  }
}

/** Attaches, checks and detaches our programs on devices. Foreign programs are never touched; with one there, we stay away. */
export class DeviceHooks {
  readonly #socket: NetlinkSocket;
  readonly #hook: Hook;

  constructor(socket: NetlinkSocket, hook: Hook) {
    this.#socket = socket;
    this.#hook = hook;
  }

  /** The hook that this kernel offers. */
  get hook(): Hook {
    return this.#hook;
  }

  /** Brings our programs onto every device that has a place for them, and takes them off all others. */
  attachAll(datapath: Datapath, devices: NodeDevices, { others, beforeDetach }: AttachOptions): HookedDevice[] {
    const judged = listDevices(devices).map((device) => ({ device, ...this.#judge(datapath, device, others) }));
    const wanted = new Set(judged.filter(({ refusal }) => refusal === undefined).map(({ device }) => device.ifindex));
    const leaving = new Set([
      ...judged.filter(({ attached, refusal }) => attached && refusal !== undefined).map(({ device }) => device.ifindex),
      ...datapath.pins.linkedDevices().filter((ifindex) => !wanted.has(ifindex)),
    ]);
    const staying = new Set(judged.filter(({ attached }) => attached).map(({ device }) => device.ifindex)).difference(leaving);
    if (leaving.size > 0) beforeDetach(leaving, staying);
    for (const ifindex of leaving) this.detach(datapath, ifindex);
    return judged.map(({ device, attached, refusal }) => {
      if (refusal !== undefined) return this.#describe(device, false, refusal);
      return attached ? this.#describe(device, true) : this.#attachOne(datapath, device);
    });
  }

  /** What the kernel lists on every device, with the reason where ours is missing or should be; changes nothing. */
  inspect(datapath: Datapath, devices: NodeDevices, others: ReadonlySet<number>): HookedDevice[] {
    return listDevices(devices).map((device) => {
      const { attached, refusal } = this.#judge(datapath, device, others);
      return this.#describe(device, attached, refusal ?? (attached ? undefined : "NotAttached"));
    });
  }

  /**
   * Brings the program that minds deny rules alone onto the way out of every uplink, whatever is on its way in, and off other devices.
   * Answers the uplinks that are without it, by name; none where this version has no such program. `others`: as in AttachOptions.
   */
  guardUplinks(datapath: Datapath, { uplinks }: NodeDevices, others: ReadonlySet<number>): string[] {
    const { to_net: program } = datapath.programs;
    if (!program) return [];
    const wanted = new Set(uplinks.map(({ ifindex }) => ifindex));
    for (const ifindex of datapath.pins.guardedDevices()) if (!wanted.has(ifindex)) detachPinnedLink(datapath.pins.guardLink(ifindex));
    const places = uplinks.map(({ name, ifindex }) => ({ name, pin: datapath.pins.guardLink(ifindex), ifindex, side: "Egress" as const }));
    return places.filter((place) => !this.#guard(program, place, others)).map(({ name }) => name);
  }

  /** Takes our programs off everywhere: filters have no pins, and may be on a device that is down, or neither a pod's nor an uplink any more. */
  detachAll(datapath: Datapath): void {
    for (const name of datapath.pins.linkNames()) detachPinnedLink(datapath.pins.link(name));
    if (this.#hook === "clsact") for (const { index } of readLinks(this.#socket)) this.#detachClsact(datapath, index);
  }

  /** Attaches one program to one device; for self-tests with devices of their own. */
  attach(datapath: Datapath, program: BpfProgram, ifindex: number): void {
    const place = { ifindex, side: "Ingress" } as const;
    if (this.#hook === "clsact") attachFilter(this.#socket, program, place);
    else attachTcx(program, place, datapath.pins.link(ifindex));
  }

  /** Attaches a program to a device's way out; not where clsact's place for it is somebody else's. */
  attachGuard(program: BpfProgram, place: DeviceSide & { pin: string }, others: ReadonlySet<number>): void {
    if (readPinnedLink(place.pin)) detachPinnedLink(place.pin);
    if (this.#hook === "tcx") attachTcx(program, place, place.pin);
    else if (this.#isOurPlaceFree(place, others)) attachFilter(this.#socket, program, place);
  }

  /** Whether the program is on the device's way out now. Others may be there too: ours redirects nothing. */
  #guard(program: BpfProgram, place: DeviceSide & { pin: string }, others: ReadonlySet<number>): boolean {
    if (this.#programs(place).includes(program.id)) return true;
    try {
      this.attachGuard(program, place, others);
      return this.#programs(place).includes(program.id);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return false; // the next round tries again, and the report names it
    }
  }

  /** Free, or taken by another version's program, which is to be replaced. */
  #isOurPlaceFree(place: DeviceSide, others: ReadonlySet<number>): boolean {
    const atOurs = readFilters(this.#socket, place).filter(isAtOurPlace);
    return atOurs.every(({ programId }) => programId !== undefined && others.has(programId));
  }

  #attachOne(datapath: Datapath, device: Listed): HookedDevice {
    try {
      // a pin whose link is on another device's index or on none: indexes are used again after a device is gone
      if (readPinnedLink(datapath.pins.link(device.ifindex))) detachPinnedLink(datapath.pins.link(device.ifindex));
      this.attach(datapath, programFor(datapath, device), device.ifindex);
      return this.#describe(device, true);
    } catch (error) {
      return this.#describe(device, false, isFault(error, "ENODEV") ? "NotAttached" : "AttachRefused");
    }
  }

  #judge(datapath: Datapath, device: Listed, others: ReadonlySet<number>): Judgement {
    const { id } = programFor(datapath, device);
    const attached = this.#programs({ ifindex: device.ifindex, side: "Ingress" }).includes(id);
    return { attached, refusal: device.unfit ?? this.#foreign(device.ifindex, new Set([id, ...others])) };
  }

  #describe({ name, ifindex, role, addresses, pod, stay }: Listed, attached: boolean, refusal?: HookedDevice["reason"]): HookedDevice {
    const reason = refusal ?? stay;
    return { name, ifindex, role, attached, hook: this.#hook, addresses, ...(reason && { reason }), ...(pod !== undefined && { pod }) };
  }

  #foreign(ifindex: number, ours: ReadonlySet<number>): ForeignReason | undefined {
    const place = { ifindex, side: "Ingress" } as const;
    if (this.#hook === "tcx" && this.#programs(place).some((id) => !ours.has(id))) return "ForeignTcxProgram";
    const filters = readFilters(this.#socket, place);
    return filters.some(({ programId }) => programId === undefined || !ours.has(programId)) ? "ForeignTcFilter" : undefined;
  }

  #programs(place: DeviceSide): number[] {
    try {
      if (this.#hook === "tcx") return queryTcx(place);
      return readFilters(this.#socket, place).flatMap(({ programId }) => programId ?? []);
    } catch (error) {
      if (isFault(error, "ENODEV")) return [];
      throw error;
    }
  }

  /** Takes our program off one device. */
  detach(datapath: Datapath, ifindex: number): void {
    if (this.#hook === "tcx") detachPinnedLink(datapath.pins.link(ifindex));
    else this.#detachClsact(datapath, ifindex);
  }

  #detachClsact(datapath: Datapath, ifindex: number): void {
    const { from_pod: fromPod, from_net: fromNet, to_net: toNet } = datapath.programs;
    const ours = new Set([fromPod.id, fromNet.id, toNet?.id]);
    const sides = (["Ingress", "Egress"] as const).map((side) => ({ ifindex, side }));
    const filters = (): TcFilter[][] => sides.map((place) => readFilters(this.#socket, place));
    const mine = filters().map((found) => found.some(({ programId }) => programId !== undefined && ours.has(programId)));
    sides.forEach((place, index) => mine[index] && detachFilter(this.#socket, place));
    if (mine.includes(true) && filters().flat().length === 0) removeClsact(this.#socket, ifindex);
  }
}

/** A device before the kernel has been asked about it. */
type Listed = Pick<HookedDevice, "name" | "ifindex" | "role" | "addresses"> & {
  pod?: string | undefined;
  stay?: StayReason | undefined;
  unfit?: UnfitReason;
};
/** Whether our program is there, and why it must not be. */
type Judgement = { attached: boolean; refusal: ForeignReason | UnfitReason | undefined };

function programFor(datapath: Datapath, { role }: Listed): BpfProgram {
  return role === "Uplink" ? datapath.programs.from_net : datapath.programs.from_pod;
}

function listDevices(devices: NodeDevices): Listed[] {
  return [
    ...devices.uplinks.map(({ name, ifindex }) => ({ name, ifindex, role: "Uplink" as const, addresses: [] })),
    ...devices.pods.map(({ name, ifindex, addresses, pod, stay }) => ({ name, ifindex, role: "Pod" as const, addresses, pod, stay })),
    ...devices.unfit.map(({ name, ifindex, addresses, pod, reason }) => ({
      name,
      ifindex,
      role: "Pod" as const,
      addresses,
      pod,
      unfit: reason,
    })),
  ];
}
