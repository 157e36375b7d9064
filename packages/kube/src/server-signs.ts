import { AppError } from "@hostrouting/domain";
import type { Timers } from "@hostrouting/runtime";
import type { ApiClient } from "./api-client.ts";

/** Nothing heard for longer: whoever looks asks the API server something, so that its silence shows. */
const FRESH_MS = 3_000;

/** When an API server was last heard: by an answer or by a watch. */
export class ServerSigns {
  readonly #timers: Pick<Timers, "monotonicNow">;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(timers: Pick<Timers, "monotonicNow">) {
    this.#timers = timers;
  }

  heard(): void {
    this.#heardAt = this.#timers.monotonicNow();
  }

  /** A connection broke. */
  lost(): void {
    this.#heardAt = Number.NEGATIVE_INFINITY;
  }

  /** Whether the API server is known to have lived a moment ago. */
  areFresh(): boolean {
    return this.#timers.monotonicNow() - this.#heardAt < FRESH_MS;
  }

  /** The same client; its answers are signs, refusals too, and silence and 5xx are none. */
  of(client: ApiClient): ApiClient {
    return {
      ...client,
      send: async (call) => {
        const answer = await client.send(call);
        if (answer.status < 500) this.heard();
        return answer;
      },
      call: async (call) => {
        try {
          const body = await client.call(call);
          this.heard();
          return body;
        } catch (error) {
          if (error instanceof AppError && error.code !== "kube.unreachable") this.heard();
          throw error;
        }
      },
    };
  }
}
