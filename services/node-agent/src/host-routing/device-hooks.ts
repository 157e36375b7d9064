import {
  attachFilter,
  attachTcx,
  detachFilter,
  detachPinnedLink,
  isFault,
  queryTcx,
  readIngressFilters,
  readPinnedLink,
  removeClsact,
  type BpfProgram,
  type NetlinkSocket,
} from "@hostrouting/bpf-loader";
import type { Datapath } from "./datapath.ts";
import type { NodeDevices } from "./node-devices.ts";

/** The two ways onto a device's ingress. */
export type Hook = "tcx" | "clsact";

/** A device, and whether our program is on it right now, by the kernel's own list. `reason` says why not. */
export type HookedDevice = {
  name: string;
  ifindex: number;
  role: "Pod" | "Uplink";
  attached: boolean;
  hook: Hook;
  reason?: "ForeignTcxProgram" | "ForeignTcFilter" | "AttachRefused" | "NotAttached";
  addresses: string[];
};

/** Whether this kernel has tcx (6.6 and later). Devices of kernels without it get clsact filters. */
export function probeHook(): Hook {
  try {
    queryTcx(1);
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

  /**
   * Brings our programs onto every device and takes them off devices that are none of ours any more.
   * @param others ids of our programs of another version, which may still be there during an upgrade.
   */
  attachAll(datapath: Datapath, devices: NodeDevices, others: ReadonlySet<number>): HookedDevice[] {
    const wanted = listDevices(datapath, devices, this.#hook);
    const indexes = new Set(wanted.map(({ device }) => device.ifindex));
    for (const ifindex of datapath.pins.linkedDevices()) if (!indexes.has(ifindex)) detachPinnedLink(datapath.pins.link(ifindex));
    return wanted.map(({ device, program }) => this.#attachOne(datapath, { device, program, others }));
  }

  /** What the kernel lists on every device, with the reason where ours is missing; changes nothing. */
  inspect(datapath: Datapath, devices: NodeDevices, others: ReadonlySet<number>): HookedDevice[] {
    return listDevices(datapath, devices, this.#hook).map(({ device, program }) => {
      if (this.#programs(device.ifindex).includes(program.id)) return { ...device, attached: true };
      return { ...device, reason: this.#foreign(device.ifindex, new Set([program.id, ...others])) ?? "NotAttached" };
    });
  }

  /** Takes our programs off everywhere. */
  detachAll(datapath: Datapath, devices: NodeDevices): void {
    for (const name of datapath.pins.linkNames()) detachPinnedLink(datapath.pins.link(name));
    if (this.#hook === "clsact")
      for (const { device } of listDevices(datapath, devices, this.#hook)) this.#detachClsact(datapath, device.ifindex);
  }

  /** Attaches one program to one device; for self-tests with devices of their own. */
  attach(datapath: Datapath, program: BpfProgram, ifindex: number): void {
    if (this.#hook === "clsact") attachFilter(this.#socket, program, ifindex);
    else attachTcx(program, ifindex, datapath.pins.link(ifindex));
  }

  #attachOne(
    datapath: Datapath,
    { device, program, others }: { device: HookedDevice; program: BpfProgram; others: ReadonlySet<number> },
  ): HookedDevice {
    try {
      const foreign = this.#foreign(device.ifindex, new Set([program.id, ...others]));
      if (foreign) {
        this.detach(datapath, device.ifindex);
        return { ...device, reason: foreign };
      }
      if (this.#programs(device.ifindex).includes(program.id)) return { ...device, attached: true };
      // a pin whose link is on another device's index or on none: indexes are used again after a device is gone
      if (readPinnedLink(datapath.pins.link(device.ifindex))) detachPinnedLink(datapath.pins.link(device.ifindex));
      this.attach(datapath, program, device.ifindex);
      return { ...device, attached: true };
    } catch (error) {
      if (isFault(error, "ENODEV")) return { ...device, reason: "NotAttached" };
      return { ...device, reason: "AttachRefused" };
    }
  }

  #foreign(ifindex: number, ours: ReadonlySet<number>): HookedDevice["reason"] {
    if (this.#hook === "tcx" && this.#programs(ifindex).some((id) => !ours.has(id))) return "ForeignTcxProgram";
    const filters = readIngressFilters(this.#socket, ifindex);
    return filters.some(({ programId }) => programId === undefined || !ours.has(programId)) ? "ForeignTcFilter" : undefined;
  }

  #programs(ifindex: number): number[] {
    try {
      if (this.#hook === "tcx") return queryTcx(ifindex);
      return readIngressFilters(this.#socket, ifindex).flatMap(({ programId }) => programId ?? []);
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
    const ours = new Set([datapath.programs.from_pod.id, datapath.programs.from_net.id]);
    const filters = readIngressFilters(this.#socket, ifindex);
    if (!filters.some(({ programId }) => programId !== undefined && ours.has(programId))) return;
    detachFilter(this.#socket, ifindex);
    if (filters.length === 1) removeClsact(this.#socket, ifindex);
  }
}

function listDevices(datapath: Datapath, devices: NodeDevices, hook: Hook): { device: HookedDevice; program: BpfProgram }[] {
  return [
    ...devices.uplinks.map(({ name, ifindex }) => ({
      device: { name, ifindex, role: "Uplink" as const, attached: false, hook, addresses: [] },
      program: datapath.programs.from_net,
    })),
    ...devices.pods.map(({ name, ifindex, addresses }) => ({
      device: { name, ifindex, role: "Pod" as const, attached: false, hook, addresses },
      program: datapath.programs.from_pod,
    })),
  ];
}
