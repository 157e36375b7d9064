import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { explain } from "@hostrouting/domain";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { GuardObservation } from "../guard/node-guard.ts";
import type { Decision } from "../host-routing/decide-desired.ts";
import { effectiveMode } from "../host-routing/effective-mode.ts";
import type { Observation } from "../host-routing/node-datapath.ts";
import { nodeTellings, withSight, type NodeMemory, type NodeSight } from "./node-news.ts";
import type { Regarding, Telling } from "./telling.ts";

/** `file` keeps what was seen while another process takes over; it goes with the boot, as programs do. */
export type NodeWatchOptions = { readonly file: string; readonly clock: Clock; readonly logger: Logger; readonly onNews: () => void };

/** What a round found out. */
export type NodeFound = { readonly guard: GuardObservation; readonly seen: Observation; readonly decision: Decision };

/** Remembers what the kernel showed, and what of it is news. */
export class NodeWatch {
  readonly #options: NodeWatchOptions;
  #memory: NodeMemory | undefined;

  constructor(options: NodeWatchOptions) {
    this.#options = options;
    this.#memory = readMemory(options.file);
  }

  /** Takes a round's findings. Never throws: no switch waits for an Event. */
  look(found: NodeFound): void {
    const { clock, onNews } = this.#options;
    const before = this.#memory;
    const memory = withSight(before, sightOf(found), clock.now());
    if (JSON.stringify(memory) === JSON.stringify(before)) return;
    this.#memory = memory;
    this.#keep();
    if (memory.happened.length > 0) onNews();
  }

  /** What Events are to say of it. */
  tellings(node: Regarding): readonly Telling[] {
    return nodeTellings(this.#memory, node, this.#options.clock.now());
  }

  #keep(): void {
    const { file, logger } = this.#options;
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify(this.#memory), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      logger.warn({ cause: explain(error) }, "what the node showed cannot be kept, the next agent may tell it again");
    }
  }
}

function sightOf({ guard, seen, decision }: NodeFound): NodeSight {
  const { control, selfTest } = seen;
  return {
    guard: guard.attachedAt === undefined ? undefined : guard.rung,
    control: control && {
      mode: control.mode,
      generation: control.generation,
      awaits: control.deadlineNs !== 0n,
      missed: control.missed,
    },
    effective: effectiveMode(seen),
    emergency: decision.reason === "EmergencyOff" ? (decision.message ?? "") : undefined,
    selfTest,
  };
}

/** A missing or damaged file reads as nothing remembered: then nothing is told of what is there. */
function readMemory(file: string): NodeMemory | undefined {
  try {
    const read = JSON.parse(readFileSync(file, "utf8")) as Partial<NodeMemory> | null;
    const { state, generation, happened } = read ?? {};
    const whole = typeof state === "string" && typeof generation === "number" && Array.isArray(happened);
    return whole ? { isFailing: false, ...read, state, generation, happened } : undefined;
  } catch {
    return undefined;
  }
}
