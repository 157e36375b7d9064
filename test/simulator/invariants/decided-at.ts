import type { ClusterRound, RoundRecord } from "@hostrouting/store";
import type { Call } from "../wire.ts";

/** Follows which round a worker decides over: what it records is to be judged by the time that it read, not by that of the record. */
export class DecidedAt {
  readonly #read = new Map<string, number>();

  /** A round that was recorded, and when it was decided; nothing for any other call. */
  recorded(call: Call, answer: unknown): { readonly record: RoundRecord; readonly atMs: number } | undefined {
    const { process, method, clusterId, args, port } = call;
    if (port !== "store") return undefined;
    const key = `${process.name} ${clusterId}`;
    if (method === "read" && answer !== undefined) this.#read.set(key, (answer as ClusterRound).now);
    const atMs = this.#read.get(key);
    return method === "record" && answer === "Recorded" && atMs !== undefined ? { record: args[2] as RoundRecord, atMs } : undefined;
  }
}
