import { request as httpsRequest, type Agent } from "node:https";
import { setTimeout as pause } from "node:timers/promises";

/** A request as it goes on the wire. */
export type WireRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** A reply as it came. */
export type WireReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

/** What was asked, and how long its answer took, in milliseconds; `failed` says what came instead of 200. */
export type Sample = { readonly kind: string; readonly ms: number; readonly failed?: string };

/** One request of the load. */
export type Shot = WireRequest & { readonly kind: string };

/** No goal is near it: what takes longer hangs. */
const TIMEOUT_MS = 30_000;

/** Sends one request, and waits for all of its reply. @throws Error when the connection breaks or nothing comes. */
export function send(agent: Agent, base: string, ask: WireRequest): Promise<WireReply> {
  return new Promise((resolve, reject) => {
    const length = ask.body === undefined ? {} : { "content-length": String(Buffer.byteLength(ask.body)) };
    const options = { agent, method: ask.method, headers: { ...ask.headers, ...length }, timeout: TIMEOUT_MS };
    const request = httpsRequest(`${base}${ask.path}`, options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
      );
    });
    request.on("timeout", () => request.destroy(new Error(`no answer to ${ask.method} ${ask.path} in time`)));
    request.on("error", reject);
    request.end(ask.body);
  });
}

async function sample(agent: Agent, base: string, { shot, from }: { shot: Shot; from: number }): Promise<Sample> {
  const failed = await send(agent, base, shot).then(
    ({ status, text }) => (status === 200 ? undefined : `${status} ${text.slice(0, 300)}`),
    (error: unknown) => String(error),
  );
  return {
    kind: shot.kind,
    ms: performance.now() - from,
    ...(failed !== undefined && { failed: `${shot.method} ${shot.path}: ${failed}` }),
  };
}

/** At what rate, how long, and which requests, by their number. */
export type OpenLoad = { readonly perSecond: number; readonly forMs: number; readonly next: (number: number) => Shot };

/**
 * Sends at times that were drawn before (gaps of a Poisson process), whether earlier requests are answered or not; an answer's time counts from
 * when its request was due, so that a server that stands still is charged for all whom it kept waiting.
 * @returns `lateMs` how long after it was due the load itself began with each: its own part of the times.
 */
export async function openLoop(
  agent: Agent,
  base: string,
  load: OpenLoad,
): Promise<{ samples: readonly Sample[]; lateMs: readonly number[] }> {
  const due: number[] = [];
  for (let at = 0; at < load.forMs; at += (-Math.log(1 - Math.random()) * 1000) / load.perSecond) due.push(at);
  const begun = performance.now();
  const pending: Promise<Sample>[] = [];
  const lateMs: number[] = [];
  for (const [number, at] of due.entries()) {
    const wait = begun + at - performance.now();
    if (wait > 0) await pause(wait);
    lateMs.push(performance.now() - begun - at);
    pending.push(sample(agent, base, { shot: load.next(number), from: begun + at }));
  }
  return { samples: await Promise.all(pending), lateMs };
}

/** How many are sent side by side, each after the answer to the one before, and until when. */
export type ClosedLoad = {
  readonly connections: number;
  readonly next: (number: number) => Shot;
  readonly isOver: (number: number) => boolean;
};

/** Sends as fast as it is answered. @returns answered requests a second. @throws Error at the first that fails. */
export async function closedLoop(agent: Agent, base: string, load: ClosedLoad): Promise<number> {
  let number = 0;
  const begun = performance.now();
  const one = async (): Promise<void> => {
    while (!load.isOver(number)) {
      const { failed } = await sample(agent, base, { shot: load.next(number++), from: performance.now() });
      if (failed !== undefined) throw new Error(failed);
    }
  };
  await Promise.all(Array.from({ length: load.connections }, one));
  return (number * 1000) / (performance.now() - begun);
}

/** The value below which that share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN;
}
