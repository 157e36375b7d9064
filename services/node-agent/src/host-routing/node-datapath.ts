import { NetlinkSocket } from "@hostrouting/bpf-loader";
import type { DisruptionMeter, DisruptionObservation } from "../disruption/disruption-meter.ts";
import { enterDirectFlows } from "../hand-over/direct-flows.ts";
import { handOver, type HandedOver } from "../hand-over/hand-over.ts";
import { addressClasses, type ClusterRanges } from "../masquerade/address-classes.ts";
import { KernelMasquerade, type MasqueradeObservation, type MasqueradeWish } from "../masquerade/kernel-masquerade.ts";
import type { KnownPod } from "../pods/watched-pods.ts";
import type { DenyTable } from "../policy/deny-table.ts";
import { countedSince, zeroCounters, type Counters } from "./counters.ts";
import { adoptDatapath } from "./adopt-datapath.ts";
import { Datapath, type ControlState } from "./datapath.ts";
import { DeviceHooks, type AttachOptions, type Hook, type HookedDevice } from "./device-hooks.ts";
import { forgetFlows, togglingPods } from "./forget-flows.ts";
import { gateConstants, type GateVariant } from "./gate-variant.ts";
import { readDenials, writeDenials, type DenialsShown } from "./kernel-denials.ts";
import { syncDevices, syncRanges } from "./kernel-tables.ts";
import { findDevices, readNetwork, type NodeDevices } from "./node-devices.ts";
import { PinFolder, pinFolders, removeFolder } from "./pin-folder.ts";
import { runSelfTest, type SelfTest } from "./self-test.ts";

/** What a node should do, as a whole. `leave`: nothing is known, or the order was refused: keep what is, follow pods. */
export type Desired =
  | { kind: "leave" }
  | {
      kind: "on";
      generation: number;
      confirmMs: number;
      confirmed: boolean;
      ranges: ClusterRanges;
      masquerade?: MasqueradeWish | undefined;
    }
  | { kind: "drain" }
  | { kind: "off"; atOnce: boolean };

/** What the kernel shows of host routing. `control` is undefined when nothing is loaded. Counters count from the last switch. */
export type Observation = {
  control: ControlState | undefined;
  devices: HookedDevice[];
  counters: Counters;
  selfTest: SelfTest | undefined;
  switchedNow: boolean;
  masquerade: MasqueradeObservation | undefined;
  /** Translated flows that went to the kernel's conntrack since this process began; `left`: those that still have to. */
  handedOver: HandedOver;
  /** Deny rules; undefined when nothing is loaded, or a version that knows none. */
  denials: DenialsObservation | undefined;
  /** Absent where nobody measures. */
  disruption?: DisruptionObservation | undefined;
};

/** What the kernel denies, and the uplinks, by name, that do not mind it on the way out. */
export type DenialsObservation = DenialsShown & { unguarded: string[] };

/** Where things are, what time it is, and how patient to be. `version`: first 12 hex digits of the bundle digest. */
export type NodeDatapathOptions = {
  pinRoot: string;
  version: string;
  objectPath: string;
  hook: Hook;
  /** Conntrack when absent: the best that there is. */
  gate?: GateVariant | undefined;
  /** Whether flows that conntrack tracks without translating them are taken over. */
  adopt?: boolean;
  drainMs: number;
  selfTestEveryMs: number;
  monotonicNs: () => bigint;
  disruption?: DisruptionMeter | undefined;
};

const MS_TO_NS = 1_000_000n;
/** Rounds in which conntrack may refuse flows before the programs go without them. */
const REFUSED_ROUNDS_MAX = 4;

/**
 * Host routing of one node. Level-triggered: every call brings the kernel closer to `desired` and says what it shows.
 * Nothing here is asynchronous, so calls never overlap. States of the kernel's part: absent → loaded, attached, OFF →
 * ON → DRAIN → OFF → absent. Absent again only after DRAIN has lasted `drainMs`, so that handshakes in flight end undisturbed, and
 * after translated flows have been handed over: nobody else knows their ports.
 */
export class NodeDatapath {
  readonly #options: NodeDatapathOptions;
  readonly #socket = NetlinkSocket.open();
  readonly #hooks: DeviceHooks;
  readonly #masquerade: KernelMasquerade;
  #current: Datapath | undefined;
  #nodeAddresses: readonly string[] = [];
  #pods: readonly KnownPod[] | undefined;
  #denied: DenyTable | undefined;
  #unguarded: string[] = [];
  /** What the kernel was brought to deny since the last round. */
  #written: { datapath: Datapath; table: DenyTable } | undefined;
  #drainingSinceNs: bigint | undefined;
  #selfTest: { result: SelfTest; atNs: bigint } | undefined;
  #baseline: Counters = zeroCounters();
  #handedOver: HandedOver = { handedOver: 0, ended: 0, refused: 0, left: 0 };
  #refusedRounds = 0;

  constructor(options: NodeDatapathOptions) {
    this.#options = options;
    this.#hooks = new DeviceHooks(this.#socket, options.hook);
    this.#masquerade = new KernelMasquerade(options.monotonicNs);
    this.#current = adoptDatapath(options.pinRoot, options.version);
    if (this.#current) options.disruption?.begin();
  }

  /** Whether a datapath is loaded (attached or not). */
  get present(): boolean {
    return this.#current !== undefined;
  }

  /** What the kernel's switch says; undefined when nothing is loaded. */
  control(): ControlState | undefined {
    return this.#current?.readControl();
  }

  /** Addresses of the node itself (its InternalIPs); a device that carries one is an uplink. */
  setNodeAddresses(addresses: readonly string[]): void {
    this.#nodeAddresses = addresses;
  }

  /** This node's pods as Kubernetes knows them; undefined while it has not told. They count from the next look on. */
  setPods(pods: readonly KnownPod[] | undefined): void {
    this.#pods = pods;
  }

  /** What pods must not reach; undefined while it is not known, and then what the kernel denies stays. Counts from the next look on. */
  setDenied(table: DenyTable | undefined): void {
    this.#denied = table;
  }

  /** Tells the kernel's side that somebody keeps the endpoint table; at least every 2 s, better four times as often. */
  beat(): void {
    this.#current?.beat(this.#options.monotonicNs());
  }

  /** Says that nobody follows the pods any more: from now on the endpoint map is believed only where routing agrees. */
  endBeat(): void {
    this.#current?.beat(0n);
  }

  /** Follows pods that came or went; for calls between two rounds. */
  follow(): void {
    if (this.#current) this.#bringUp(this.#current, this.#readDevices());
  }

  /** Brings the kernel closer to `desired` and reports. @throws AppError of a refused kernel call; the next call starts over. */
  reconcile(desired: Desired): Observation {
    this.#written = undefined;
    switch (desired.kind) {
      case "leave":
        this.follow();
        return this.#observe(false);
      case "on":
        return this.#observe(this.#turnOn(desired));
      case "drain":
        this.follow();
        if (this.#current) this.#drain(this.#current);
        return this.#observe(false);
      case "off":
        this.#turnOff(desired.atOnce);
        return this.#observe(false);
    }
  }

  /** Lets go of descriptors. What is pinned stays attached and working. */
  close(): void {
    this.#current?.close();
    this.#options.disruption?.close();
    this.#socket.close();
  }

  #turnOn(desired: Extract<Desired, { kind: "on" }>): boolean {
    this.#drainingSinceNs = undefined;
    this.#refusedRounds = 0;
    const datapath = this.#ownVersion();
    this.#options.disruption?.begin();
    const { ranges, masquerade } = desired;
    syncRanges(datapath, addressClasses(ranges, masquerade?.outside), masquerade === undefined);
    if (masquerade) this.#masquerade.apply(datapath, masquerade);
    this.#bringUp(datapath, this.#readDevices());
    this.beat();
    const control = datapath.readControl();
    if (control.generation === desired.generation && control.missed) return false;
    const isOn = control.generation === desired.generation && control.mode === "On";
    if (!isOn) {
      this.#baseline = datapath.counters();
      this.#options.disruption?.step("On");
      datapath.switchOn(desired.generation, desired.confirmed ? 0 : desired.confirmMs);
      this.#selfTest = undefined;
    } else if (desired.confirmed && control.deadlineNs !== 0n) {
      this.#options.disruption?.step("Confirm");
      datapath.confirm(desired.generation);
    }
    this.#removeOtherVersions(datapath);
    this.#testWhenDue(datapath);
    return !isOn;
  }

  /** Another version's programs stay on until ours are: every flow that they carried is new to ours, and conntrack does not know it. */
  #ownVersion(): Datapath {
    const { pinRoot, version, objectPath } = this.#options;
    const former = this.#current;
    if (former?.pins.version === version) return former;
    this.#current = Datapath.load(new PinFolder(pinRoot, version), objectPath, {
      former,
      constants: gateConstants(this.#options.gate ?? "Conntrack", this.#options.adopt ?? false),
    });
    former?.close();
    return this.#current;
  }

  /** True once no flow depends on our translation, or when conntrack has refused the rest for good. New ones are not made meanwhile. */
  #handOverAll(datapath: Datapath, nowNs: bigint): boolean {
    this.#drain(datapath);
    const result = handOver(datapath, "all", nowNs);
    this.#note(result);
    this.#refusedRounds = result.refused > 0 ? this.#refusedRounds + 1 : 0;
    return result.left === 0 || (result.left === result.refused && this.#refusedRounds >= REFUSED_ROUNDS_MAX);
  }

  /** What these devices translate, and their open connections, go to conntrack before they lose their program; with an uplink, everything does. */
  #handOverOf(datapath: Datapath, devices: NodeDevices, leaving: ReadonlySet<number>): void {
    const isLeaving = ({ ifindex }: { ifindex: number }): boolean => leaving.has(ifindex);
    const addresses = [...devices.pods, ...devices.unfit].filter(isLeaving).flatMap((device) => device.addresses);
    const of = devices.uplinks.some(isLeaving) ? "all" : { addresses };
    if (of !== "all" && addresses.length === 0) return;
    // all of them, since nobody knows their ports when the program has gone; what conntrack refuses is lost
    for (let isGettingOn = true; isGettingOn;) {
      const result = handOver(datapath, of, this.#options.monotonicNs());
      this.#note(result);
      isGettingOn = result.left > result.refused && result.handedOver + result.ended > 0;
      this.beat();
    }
    enterDirectFlows(datapath, of);
    datapath.tellEndedFlows();
  }

  #note({ handedOver, ended, refused, left }: HandedOver): void {
    const before = this.#handedOver;
    this.#handedOver = { handedOver: before.handedOver + handedOver, ended: before.ended + ended, refused, left };
  }

  #turnOff(atOnce: boolean): void {
    const now = this.#options.monotonicNs();
    const datapath = this.#current;
    const mode = datapath?.readControl().mode ?? "Off";
    if (!atOnce && mode !== "Off") {
      this.follow();
      if (datapath) this.#drain(datapath);
      this.#drainingSinceNs ??= now;
      if (now - this.#drainingSinceNs < BigInt(this.#options.drainMs) * MS_TO_NS) return;
    }
    if (datapath && !this.#handOverAll(datapath, now)) return;
    if (datapath) this.#options.disruption?.step("Detach");
    if (datapath && mode !== "Off") enterDirectFlows(datapath, "all");
    datapath?.close();
    this.#current = undefined;
    for (const folder of pinFolders(this.#options.pinRoot)) this.#removeVersion(folder);
    removeFolder(this.#options.pinRoot);
    this.#drainingSinceNs = undefined;
    this.#selfTest = undefined;
    this.#baseline = zeroCounters();
    this.#options.disruption?.end();
  }

  #drain(datapath: Datapath): void {
    if (datapath.readControl().mode === "On") this.#options.disruption?.step("Drain");
    datapath.drain();
  }

  #removeOtherVersions(keep: Datapath): void {
    const others = pinFolders(this.#options.pinRoot).filter((folder) => folder.version !== keep.pins.version);
    for (const folder of others) this.#removeVersion(folder);
  }

  #removeVersion(folder: PinFolder): void {
    if (folder.complete()) {
      const datapath = Datapath.open(folder);
      datapath.tellEndedFlows();
      datapath.switchOff();
      this.#hooks.detachAll(datapath);
      datapath.close();
    }
    folder.remove();
  }

  /**
   * Attach first, endpoints after: a pod whose answers still take the stack must not get requests past it. The other way round when a
   * device loses its program: without its endpoint both directions take the stack from one packet to the next.
   */
  #bringUp(datapath: Datapath, devices: NodeDevices): HookedDevice[] {
    this.#writeDenials(datapath);
    this.#masquerade.followSources(datapath, this.#socket, { uplinks: devices.uplinks, nodeAddresses: this.#nodeAddresses });
    const sync = (served: (ifindex: number) => boolean): void =>
      syncDevices(datapath, servedDevices(devices, served), this.#options.monotonicNs());
    const beforeDetach: AttachOptions["beforeDetach"] = (leaving, staying) => {
      this.#handOverOf(datapath, devices, leaving);
      sync((ifindex) => staying.has(ifindex));
      forgetFlows(
        datapath,
        [...devices.pods, ...devices.unfit].filter(({ ifindex }) => leaving.has(ifindex)),
      );
    };
    const others = this.#otherPrograms(datapath);
    const hooked = this.#hooks.attachAll(datapath, devices, { others, beforeDetach });
    this.#unguarded = this.#hooks.guardUplinks(datapath, devices, others);
    const attached = new Set(hooked.filter((device) => device.attached).map((device) => device.ifindex));
    const toggling = togglingPods(datapath, devices.pods);
    this.#handOverOf(datapath, devices, new Set(toggling.map(({ ifindex }) => ifindex)));
    forgetFlows(datapath, toggling);
    sync((ifindex) => attached.has(ifindex));
    forgetFlows(datapath, toggling);
    return hooked;
  }

  /** Between two rounds nobody but us changes what is denied. */
  #writeDenials(datapath: Datapath): void {
    const table = this.#denied;
    if (!table || (this.#written?.datapath === datapath && this.#written.table === table)) return;
    writeDenials(datapath, table);
    this.#written = { datapath, table };
  }

  #otherPrograms(keep: Datapath): Set<number> {
    const others = pinFolders(this.#options.pinRoot).filter((folder) => folder.version !== keep.pins.version && folder.complete());
    return new Set(
      others.flatMap((folder) => {
        const datapath = Datapath.open(folder);
        datapath.close();
        const { from_pod: fromPod, from_net: fromNet, to_net: toNet } = datapath.programs;
        return [fromPod.id, fromNet.id, ...(toNet ? [toNet.id] : [])];
      }),
    );
  }

  #testWhenDue(datapath: Datapath): void {
    const now = this.#options.monotonicNs();
    const fresh = this.#selfTest && now - this.#selfTest.atNs < BigInt(this.#options.selfTestEveryMs) * MS_TO_NS;
    if (fresh && this.#selfTest?.result.outcome === "Passed") return;
    this.#selfTest = { result: runSelfTest(datapath, this.#hooks, this.#options.gate), atNs: now };
  }

  #observe(switchedNow: boolean): Observation {
    const datapath = this.#current;
    const handedOver = this.#handedOver;
    const disruption = this.#options.disruption?.observe();
    if (!datapath)
      return {
        control: undefined,
        devices: [],
        counters: zeroCounters(),
        selfTest: undefined,
        switchedNow,
        masquerade: undefined,
        handedOver,
        denials: undefined,
        disruption,
      };
    this.#masquerade.collectWhenDue(datapath);
    const denials = readDenials(datapath);
    return {
      control: datapath.readControl(),
      devices: this.#hooks.inspect(datapath, this.#readDevices(), this.#otherPrograms(datapath)),
      counters: countedSince(this.#baseline, datapath.counters()),
      selfTest: this.#selfTest?.result,
      switchedNow,
      masquerade: this.#masquerade.observe(datapath),
      handedOver,
      denials: denials && { ...denials, unguarded: this.#unguarded },
      disruption,
    };
  }

  #readDevices(): NodeDevices {
    const devices = findDevices(readNetwork(this.#socket), this.#nodeAddresses, this.#pods);
    this.#options.disruption?.setOwners(ownersOf(devices));
    return devices;
  }
}

/** A pod that Kubernetes has not named yet goes by its device. */
function ownersOf({ pods, unfit }: NodeDevices): Map<string, string> {
  return new Map([...pods, ...unfit].flatMap(({ addresses, pod, name }) => addresses.map((address) => [address, pod ?? name] as const)));
}

function servedDevices({ pods, uplinks }: NodeDevices, isServed: (ifindex: number) => boolean): NodeDevices {
  const served = ({ ifindex }: { ifindex: number }): boolean => isServed(ifindex);
  return { pods: pods.filter(served), uplinks: uplinks.filter(served), unfit: [] };
}
