import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { BpfMap, BpfObject, BpfProgram } from "@hostrouting/bpf-loader";
import { AppError } from "@hostrouting/domain";
import { readCounters, type Counters } from "./counters.ts";
import { KERNEL_LAYOUTS, MODE, OPERATION, RESULT, Struct } from "./kernel-layout.ts";
import { LATER_MAP_NAMES, LATER_PROGRAM_NAMES, MAP_NAMES, PROGRAM_NAMES, type PinFolder } from "./pin-folder.ts";

const FIRST = Buffer.alloc(4);
/** For programs that are run with a packet and do not look at it; the least that the kernel takes. */
const ANY_FRAME_BYTES = 14;
/** Translated flows for each 4 GiB of memory, and at least: two halves of 72 bytes and the table's own 48 each, 30 MiB. */
export const FLOWS_PER_SHARE = 131_072;
const SHARE_BYTES = 4 * 1024 ** 3;
/** 250 pods (the largest maxPods) with 2000 flows each; more would only cost memory, 120 MiB as it is. */
const FLOWS_MAX = 4 * FLOWS_PER_SHARE;

/** The kernel's own account of the mode. `deadlineNs` is CLOCK_MONOTONIC, 0 when no confirmation is awaited. */
export type ControlState = { mode: "Off" | "On" | "Drain"; generation: number; deadlineNs: bigint; missed: boolean; epoch: number };

type Maps = Record<(typeof MAP_NAMES)[number], BpfMap> & Partial<Record<(typeof LATER_MAP_NAMES)[number], BpfMap>>;
type Programs = Record<(typeof PROGRAM_NAMES)[number], BpfProgram> & Partial<Record<(typeof LATER_PROGRAM_NAMES)[number], BpfProgram>>;

/** `former`: the version whose translated flows go on. `constants`: of the source, by name. */
export type LoadOptions = { former?: Datapath | undefined; constants?: Readonly<Record<string, number>> | undefined };

/** One pinned set of programs and maps. It goes on working when this process ends. */
export class Datapath {
  readonly pins: PinFolder;
  readonly maps: Maps;
  readonly programs: Programs;

  private constructor(pins: PinFolder, maps: Maps, programs: Programs) {
    this.pins = pins;
    this.maps = maps;
    this.programs = programs;
  }

  /** Opens what an earlier agent pinned. @throws AppError `agent.foreign-layout` when its maps have other shapes than ours. */
  static adopt(pins: PinFolder): Datapath {
    const datapath = Datapath.open(pins);
    const { hr_endpoints: endpoints, hr_flows: flows, hr_nat_out: translated, hr_masquerade: masquerade } = datapath.maps;
    const { hr_denied: denied, hr_denying: denying } = datapath.maps;
    const fits =
      (!denied || (denied.keySize === KERNEL_LAYOUTS.hr_denied_key.size && denied.valueSize === KERNEL_LAYOUTS.hr_denial.size)) &&
      (!denying || denying.valueSize === KERNEL_LAYOUTS.hr_denying.size) &&
      translated.keySize === KERNEL_LAYOUTS.hr_tuple.size &&
      translated.valueSize === KERNEL_LAYOUTS.hr_nat.size &&
      masquerade.valueSize === KERNEL_LAYOUTS.hr_masquerade.size &&
      endpoints.valueSize === KERNEL_LAYOUTS.hr_endpoint.size &&
      flows.keySize === KERNEL_LAYOUTS.hr_flow_key.size &&
      flows.valueSize === KERNEL_LAYOUTS.hr_flow.size;
    if (fits) return datapath;
    datapath.close();
    throw new AppError("agent.foreign-layout", {
      say: `The datapath pinned at ${pins.path} is of another version`,
      do: "Roll out this agent's bundle.",
    });
  }

  /** Opens pins of any version: enough to switch off and to detach, whose shapes do not change. */
  static open(pins: PinFolder): Datapath {
    return new Datapath(
      pins,
      { ...mapRecord(MAP_NAMES, (name) => BpfMap.openPinned(pins.map(name))), ...laterMaps(pins) },
      { ...mapRecord(PROGRAM_NAMES, (name) => BpfProgram.openPinned(pins.program(name))), ...laterPrograms(pins) },
    );
  }

  /**
   * Loads the object and pins it, with mode OFF and nothing attached. Translated flows of a former version are carried on: their tables
   * become the new version's, so that no flow gets another port. So do its deny rules: nobody may know yet what they are now.
   */
  static load(pins: PinFolder, objectPath: string, { former, constants }: LoadOptions = {}): Datapath {
    pins.remove();
    pins.create();
    const entries = translatedFlowsMax(totalmem());
    const { hr_denied: denied, hr_denying: denying } = former?.maps ?? {};
    const rules = denied && denying && { hr_denied: denied, hr_denying: denying };
    const tables = former
      ? { maps: { hr_nat_out: former.maps.hr_nat_out, hr_nat_in: former.maps.hr_nat_in, ...rules } }
      : { maxEntries: { hr_nat_out: entries, hr_nat_in: entries } };
    const object = BpfObject.load(objectPath, { ...tables, ...(constants && { constants }) });
    try {
      for (const name of [...MAP_NAMES, ...LATER_MAP_NAMES]) object.map(name).pin(pins.map(name));
      for (const name of [...PROGRAM_NAMES, ...LATER_PROGRAM_NAMES]) object.program(name).pin(pins.program(name));
    } finally {
      object.close();
    }
    return Datapath.adopt(pins);
  }

  /** What the kernel says of mode, generation and timer. */
  readControl(): ControlState {
    return this.#command(new Struct("hr_command").set("operation", OPERATION.READ)).state;
  }

  /**
   * One write turns the fast path on for every attached device; flows of earlier epochs are forgotten with it. Unless
   * confirmed within `confirmMs` the kernel takes it back; 0 = nothing to confirm.
   */
  switchOn(generation: number, confirmMs: number): ControlState {
    const command = new Struct("hr_command").set("operation", OPERATION.ON).set("generation", BigInt(generation));
    const { result, state } = this.#command(command.set("confirm_ns", BigInt(confirmMs) * 1_000_000n));
    if (result === RESULT.DONE) return state;
    throw new AppError("agent.timer-refused", { say: "The kernel refused the confirmation timer, so the node was not switched" });
  }

  /** Stops the timer. False: too late, the kernel has taken the switch back, or another generation is on. */
  confirm(generation: number): boolean {
    const command = new Struct("hr_command").set("operation", OPERATION.CONFIRM).set("generation", BigInt(generation));
    return this.#command(command).result === RESULT.DONE;
  }

  /** Known flows stay fast, new ones go to the stack. Nothing unless ON. */
  drain(): void {
    this.#command(new Struct("hr_command").set("operation", OPERATION.DRAIN));
  }

  /** Every packet to the stack, at once. */
  switchOff(): void {
    this.#command(new Struct("hr_command").set("operation", OPERATION.OFF));
  }

  /** Writes the sign of life. @param nowNs CLOCK_MONOTONIC, nanoseconds. */
  beat(nowNs: bigint): void {
    const value = Buffer.alloc(8);
    value.writeBigUInt64LE(nowNs);
    this.maps.hr_heartbeat.update(FIRST, value);
  }

  /** Removes translated flows that have been silent for their time. `live`: those that stay. */
  collect(): { live: number; removed: number } {
    const collection = new Struct("hr_collection");
    this.programs.collect.runSyscall(collection.bytes);
    return { live: collection.number("live"), removed: collection.number("removed") };
  }

  /**
   * Tells conntrack, before the programs go, which direct connections have just ended: NAT must not give their ports to others yet.
   * Answers how many; 0 in a version that left them in conntrack one by one.
   */
  tellEndedFlows(): number {
    return this.programs.tell_ended_flows?.runPacket(Buffer.alloc(ANY_FRAME_BYTES)).verdict ?? 0;
  }

  /** Packets by direction and reason since the object was loaded. */
  counters(): Counters {
    return readCounters(this.maps.hr_metrics);
  }

  /** Closes the descriptors; pins, and with them the datapath, stay. */
  close(): void {
    for (const map of Object.values(this.maps)) map.close();
    for (const program of Object.values(this.programs)) program.close();
  }

  #command(command: Struct<"hr_command">): { result: number; state: ControlState } {
    this.programs.control.runSyscall(command.bytes);
    const mode = command.number("mode");
    return {
      result: command.number("result"),
      state: {
        mode: mode === MODE.ON ? "On" : mode === MODE.DRAIN ? "Drain" : "Off",
        generation: Number(command.bigint("generation")),
        deadlineNs: command.bigint("deadline_ns"),
        missed: command.number("missed") !== 0,
        epoch: command.number("epoch"),
      },
    };
  }
}

/** How many flows the translation tables have room for. @param memoryBytes of the node. */
export function translatedFlowsMax(memoryBytes: number): number {
  return Math.min(FLOWS_MAX, Math.max(FLOWS_PER_SHARE, Math.floor((memoryBytes / SHARE_BYTES) * FLOWS_PER_SHARE)));
}

function mapRecord<K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;
}

function laterMaps(pins: PinFolder): Partial<Maps> {
  const present = LATER_MAP_NAMES.filter((name) => existsSync(pins.map(name)));
  return Object.fromEntries(present.map((name) => [name, BpfMap.openPinned(pins.map(name))]));
}

function laterPrograms(pins: PinFolder): Partial<Programs> {
  const present = LATER_PROGRAM_NAMES.filter((name) => existsSync(pins.program(name)));
  return Object.fromEntries(present.map((name) => [name, BpfProgram.openPinned(pins.program(name))]));
}
