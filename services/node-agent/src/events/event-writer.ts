import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { explain } from "@hostrouting/domain";
import { startLoop, type Clock, type Logger, type RunLoop } from "@hostrouting/runtime";
import type { ClusterApi } from "../kube/cluster-api.ts";
import type { OwnNode } from "../kube/own-node.ts";
import { decideEvents } from "./decide-events.ts";
import type { Regarding, Telling } from "./telling.ts";
import { afterWrite, begunAnew, NOTHING_TOLD, type EventWrite, type ToldEvents, type WriteOutcome } from "./told-events.ts";

/**
 * Everything that a part of the agent has to tell now; what leaves the answer before it was told is counted as suppressed. A part with news
 * wakes the writer.
 */
export type EventSource = (node: Regarding) => readonly Telling[];

/** `ownNode`: undefined until it was read, and nothing is told before. `file` keeps what was told while another process takes over. */
export type EventWriterOptions = {
  api: Pick<ClusterApi, "write">;
  sources: readonly EventSource[];
  nodeName: string;
  ownNode: () => Pick<OwnNode, "uid"> | undefined;
  reportingInstance: string;
  file: string;
  clock: Clock;
  logger: Logger;
};

/** How soon what waits for its turn is looked at again, and how soon what nobody woke us for. */
const WAITING_ROUND_MS = 1000;
const IDLE_ROUND_MS = 5000;
const FAULT_PAUSE_MS = 5000;
const NO_ANSWER = 0;

/** Writes Events until it is stopped: when woken, and every few seconds. It has a loop of its own, so that no switch waits for an Event. */
export function startEventWriter(options: EventWriterOptions): RunLoop {
  const writer = new EventWriter(options);
  return startLoop({ name: "events", logger: options.logger, faultPauseMs: FAULT_PAUSE_MS, round: () => writer.round() });
}

/** One round: what there is to tell against what was told. */
export class EventWriter {
  readonly #options: EventWriterOptions;
  #told: ToldEvents;
  #kept = "";

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#told = begunAnew(readTold(options.file));
  }

  /** Answers in how many milliseconds it wants to run again. */
  async round(): Promise<number> {
    const { sources, nodeName, ownNode, reportingInstance, clock } = this.#options;
    const own = ownNode();
    if (own === undefined) return IDLE_ROUND_MS;
    const node: Regarding = { kind: "Node", name: nodeName, uid: own.uid };
    const tellings = sources.flatMap((source) => source(node));
    const { writes, told } = decideEvents(tellings, this.#told, { node, reportingInstance, now: clock.now() });
    this.#told = told;
    try {
      for (const write of writes) {
        const { outcome, answered } = await this.#perform(write);
        this.#told = afterWrite(this.#told, write, { outcome, now: clock.now() });
        // the others would wait for their time-outs too, and a round would take minutes
        if (!answered) break;
      }
    } finally {
      this.#keep();
    }
    return this.#told.waiting.length > 0 ? WAITING_ROUND_MS : IDLE_ROUND_MS;
  }

  async #perform(write: EventWrite): Promise<{ outcome: WriteOutcome; answered: boolean }> {
    const events = `/apis/events.k8s.io/v1/namespaces/${write.namespace}/events`;
    const call =
      write.kind === "Create"
        ? ({ method: "POST", path: events, body: write.body } as const)
        : ({ method: "PATCH", path: `${events}/${write.name}`, body: { series: write.series } } as const);
    const { status, said } = await this.#options.api.write(call).catch((error: unknown) => ({ status: NO_ANSWER, said: explain(error) }));
    const outcome = outcomeOf(write.kind, status);
    if (outcome === "Unknown" || outcome === "Refused")
      this.#options.logger.warn({ event: write.name, reason: write.telling.reason, status, cause: said }, "an Event was not written");
    return { outcome, answered: status !== NO_ANSWER };
  }

  #keep(): void {
    const text = JSON.stringify(this.#told);
    if (text === this.#kept) return;
    const { file } = this.#options;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#kept = text;
  }
}

/** 403 is what a namespace on its way out answers, and what an API server says before our role has arrived: neither is for ever. */
function outcomeOf(kind: EventWrite["kind"], status: number): WriteOutcome {
  if (status >= 200 && status < 300) return "Written";
  if (status === 404) return kind === "Patch" ? "Gone" : "Refused";
  if (status === 409) return kind === "Create" ? "Taken" : "Unknown";
  return status === 400 || status === 413 || status === 422 ? "Refused" : "Unknown";
}

/** A missing or damaged file reads as nothing told: an Event twice is better than none. */
function readTold(file: string): ToldEvents {
  try {
    const read = JSON.parse(readFileSync(file, "utf8")) as Partial<ToldEvents> | null;
    const whole = [read?.told, read?.waiting, read?.spent].every((list) => Array.isArray(list)) && typeof read?.sequence === "number";
    return whole ? { ...NOTHING_TOLD, ...read } : NOTHING_TOLD;
  } catch {
    return NOTHING_TOLD;
  }
}
