import { existsSync } from "node:fs";
import { join } from "node:path";
import { attachTracing, BpfMap, BpfObject, detachPinnedLink, readPinnedLink, unpin } from "@hostrouting/bpf-loader";
import { makePinFolder, removeFolder } from "../host-routing/pin-folder.ts";
import {
  decodeEndings,
  decodeKey,
  decodeState,
  DISRUPTION_LAYOUTS,
  encodeKey,
  encodeState,
  epochOf,
  type EndingCounts,
  type SwitchState,
} from "./disruption-layout.ts";

const FIRST = Buffer.alloc(4);
/** Maps and programs of bpf/disruption. */
const MAPS = ["hd_state", "hd_counts", "hd_lost"] as const;
const PROGRAMS = ["on_state", "on_retransmit", "on_reset_received", "on_reset_sent"] as const;

type Maps = Record<(typeof MAPS)[number], BpfMap>;

/** Counters of one namespace (`netns`: its cookie) during one epoch. */
export type NamespaceEndings = { netns: bigint; epoch: number; counts: EndingCounts };

/** The kernel's counters of how connections end. Pins keep them counting when the agent restarts. */
export class DisruptionCounters {
  readonly #folder: string;
  readonly #maps: Maps;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#maps = Object.fromEntries(MAPS.map((name) => [name, BpfMap.openPinned(join(folder, name))])) as Maps;
  }

  /**
   * Goes on with what is pinned in `folder`, or loads, pins and attaches anew where something is missing: the links are pinned last and
   * in order, so the last one says that all is there. The folder's name belongs to one version of the programs.
   */
  static open(folder: string, objectPath: string): DisruptionCounters {
    const last = PROGRAMS.at(-1) ?? "";
    if (readPinnedLink(linkPath(folder, last)) && MAPS.every((name) => existsSync(join(folder, name)))) {
      const adopted = new DisruptionCounters(folder);
      if (adopted.#fits()) return adopted;
      adopted.close();
    }
    DisruptionCounters.remove(folder);
    makePinFolder(folder);
    const object = BpfObject.load(objectPath);
    try {
      for (const name of MAPS) object.map(name).pin(join(folder, name));
      for (const name of PROGRAMS) attachTracing(object.program(name), linkPath(folder, name));
    } finally {
      object.close();
    }
    return new DisruptionCounters(folder);
  }

  /** Detaches and removes everything pinned in `folder`, whoever pinned it. Nothing there is no error. */
  static remove(folder: string): void {
    for (const name of PROGRAMS) detachPinnedLink(linkPath(folder, name));
    for (const name of MAPS) unpin(join(folder, name));
    removeFolder(folder);
  }

  /** The step that is being measured. */
  state(): SwitchState {
    return decodeState(this.#maps.hd_state.lookup(FIRST) ?? Buffer.alloc(DISRUPTION_LAYOUTS.hd_state.size));
  }

  /** Begins another step: what happens from now on is counted for it. */
  setState(state: SwitchState): void {
    this.#maps.hd_state.update(FIRST, encodeState(state));
  }

  /** All counters, of every step that was not forgotten. */
  read(): NamespaceEndings[] {
    return this.#maps.hd_counts.keys().flatMap((key) => {
      const value = this.#maps.hd_counts.lookup(key);
      return value ? [{ ...decodeKey(key), counts: decodeEndings(value) }] : [];
    });
  }

  /** Forgets the counters of epochs that are not wanted any more, which makes room. The current step's always stay. */
  forget(isPast: (epoch: number) => boolean): void {
    const current = epochOf(this.state());
    for (const key of this.#maps.hd_counts.keys()) {
      const { epoch } = decodeKey(key);
      if (epoch !== current && isPast(epoch)) this.#maps.hd_counts.delete(key);
    }
  }

  /** Forgets the counters of namespaces that are gone. @returns what was forgotten. */
  forgetNamespaces(isGone: (netns: bigint) => boolean): NamespaceEndings[] {
    const gone = this.read().filter(({ netns }) => isGone(netns));
    for (const key of gone) this.#maps.hd_counts.delete(encodeKey(key));
    return gone;
  }

  /** Events that were not counted, because there was no room for their namespace. */
  lost(): number {
    return Number(this.#maps.hd_lost.lookup(FIRST)?.readBigUInt64LE() ?? 0n);
  }

  /** Lets go of descriptors; counting goes on. */
  close(): void {
    for (const map of Object.values(this.#maps)) map.close();
  }

  /** Ends counting and leaves nothing behind. */
  end(): void {
    this.close();
    DisruptionCounters.remove(this.#folder);
  }

  #fits(): boolean {
    const { hd_key, hd_count, hd_state } = DISRUPTION_LAYOUTS;
    const { hd_counts: counts, hd_state: state } = this.#maps;
    return counts.keySize === hd_key.size && counts.valueSize === hd_count.size && state.valueSize === hd_state.size;
  }
}

function linkPath(folder: string, program: string): string {
  return join(folder, `${program}-link`);
}
