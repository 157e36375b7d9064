import { createSocket } from "node:dgram";
import { connect, type LookupFunction } from "node:net";
import { lookupAtOnce } from "../canary/lookup-at-once.ts";
import type { ProbeTarget } from "./probe-target.ts";

/** What became of an attempt. `ms`: how long it took, or was waited for. */
export type Attempt =
  | { readonly kind: "Answered"; readonly ms: number }
  | { readonly kind: "NoAnswer"; readonly ms: number }
  | { readonly kind: "Rejected"; readonly code: string };

/** A question that is sent again as often: datagrams may be lost. */
const ASK_EVERY_MS = 250;
/** A question of RFC 1035 for the root's name servers: whoever serves names answers something. */
const QUESTION = Buffer.from("4852010000010000000000000000020001", "hex");
const ID_BYTES = 2;

/** How long an attempt waits for an answer, in ms. Where silence of `leastMs` proves nothing yet, it waits on to the end of `mostMs`. */
export type Patience = { readonly leastMs: number; readonly mostMs: number; readonly isProof: () => boolean };

/**
 * Calls `end` when patience is over, and after what has come until then was read: timers come before that, so that a process which stood still for
 * as long would take an answer that is there for silence. @returns what calls it off.
 */
function whenSilent(end: () => void, { leastMs, mostMs, isProof }: Patience): () => void {
  let reading: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;
  // A timer counts whole milliseconds from the one that has begun, and may ring almost one too early.
  const readAt = (endMs: number, then: () => void): void => {
    const leftMs = endMs - performance.now();
    if (leftMs > 0) timer = setTimeout(() => readAt(endMs, then), Math.ceil(leftMs));
    else reading = setImmediate(then);
  };
  const begunMs = performance.now();
  readAt(begunMs + leastMs, () => (isProof() ? end() : readAt(begunMs + mostMs, end)));
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
}

/** Begins an attempt in the namespace that the thread is in. Never rejects. */
export function attempt(target: ProbeTarget, patience: Patience): Promise<Attempt> {
  return target.by === "Tcp" ? attemptTcp(target, patience) : attemptDns(target, patience);
}

function attemptTcp({ address, port }: ProbeTarget, patience: Patience): Promise<Attempt> {
  return new Promise((resolve) => {
    const begunMs = performance.now();
    const family = address.includes(":") ? 6 : 4;
    const lookup = lookupAtOnce(address, family) as LookupFunction;
    const socket = connect({ host: "probe.invalid", port, family, lookup, autoSelectFamily: false });
    const end = (result: Attempt): void => {
      callOff();
      socket.destroy();
      resolve(result);
    };
    const passedMs = (): number => performance.now() - begunMs;
    const callOff = whenSilent(() => end({ kind: "NoAnswer", ms: passedMs() }), patience);
    socket.once("connect", () => end({ kind: "Answered", ms: passedMs() }));
    socket.on("error", (error: NodeJS.ErrnoException) => end({ kind: "Rejected", code: error.code ?? "unknown" }));
  });
}

function attemptDns({ address, port }: ProbeTarget, patience: Patience): Promise<Attempt> {
  return new Promise((resolve) => {
    const begunMs = performance.now();
    const family = address.includes(":") ? 6 : 4;
    const socket = createSocket({ type: family === 4 ? "udp4" : "udp6", lookup: lookupAtOnce(address, family) });
    const end = (result: Attempt): void => {
      clearInterval(asking);
      callOff();
      socket.close();
      resolve(result);
    };
    const passedMs = (): number => performance.now() - begunMs;
    const ask = (): void => socket.send(QUESTION, port, address, () => undefined);
    const asking = setInterval(ask, ASK_EVERY_MS);
    const callOff = whenSilent(() => end({ kind: "NoAnswer", ms: passedMs() }), patience);
    socket.on("message", (answer) => {
      if (answer.subarray(0, ID_BYTES).equals(QUESTION.subarray(0, ID_BYTES))) end({ kind: "Answered", ms: passedMs() });
    });
    socket.on("error", () => undefined); // an unreachable port may be said of one question and not of the next
    socket.bind();
    ask();
  });
}
