import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { FlowOutcome, Tally } from "./tally.ts";
import { ECHO_PORT, type Target } from "./traffic-contract.ts";

/** One message each 10 ms: fine enough to see a gap that a person would not. */
const PING_EVERY_MS = 10;

/** Each message is a sequence number in so many bytes. */
const PING_BYTES = 8;

/** After the last message, echoes under way are waited for. */
const LAST_ECHO_MS = 1_500;

/** One flow that lives as long as the run. */
export interface EchoFlow {
  readonly target: Target;
  readonly tally: Tally;
  /** Aborted when the run ends. */
  readonly until: AbortSignal;
}

/** Sends and times one flow's messages, whatever carries them. */
class EchoClock {
  #sent = 0;
  #received = 0;
  #slowestMs = 0;
  #silenceMs = 0;
  #lastEcho = performance.now();
  #lastSent = performance.now();
  readonly #sentAt = new Map<number, number>();

  next(): Buffer {
    const message = Buffer.alloc(PING_BYTES);
    message.writeUInt32BE(this.#sent);
    if (this.#sentAt.size === 0) this.#lastEcho = performance.now(); // nothing was due, so it was no silence
    this.#lastSent = performance.now();
    this.#sentAt.set(this.#sent++, this.#lastSent);
    return message;
  }

  echoed(message: Buffer): void {
    const number = message.readUInt32BE();
    const at = this.#sentAt.get(number);
    if (at === undefined) return; // a duplicate
    this.#sentAt.delete(number);
    this.#received++;
    const now = performance.now();
    this.#slowestMs = Math.max(this.#slowestMs, now - at);
    this.#silenceMs = Math.max(this.#silenceMs, now - this.#lastEcho);
    this.#lastEcho = now;
  }

  get allEchoed(): boolean {
    return this.#sentAt.size === 0;
  }

  outcome(kind: string, ip: string, error: Error | undefined): FlowOutcome {
    const open = this.allEchoed ? 0 : this.#lastSent - this.#lastEcho; // the wait for the last echoes is nobody's silence
    const longestSilenceMs = Math.max(this.#silenceMs, open);
    return { kind, ip, tookMs: this.#slowestMs, longestSilenceMs, sent: this.#sent, lost: this.#sent - this.#received, error };
  }
}

/** Keeps one TCP connection busy until the run ends. It fails when it closes before, or when an echo is missing at the end. */
export async function runTcpFlow({ target, tally, until }: EchoFlow): Promise<void> {
  const kind = `tcp/${target.path}/${target.family}`;
  const clock = new EchoClock();
  tally.begin(kind);
  const socket = connect({ host: target.ip, port: ECHO_PORT, noDelay: true });
  let broken: Error | undefined;
  let rest = Buffer.alloc(0);
  socket.on("error", (error) => (broken ??= error));
  socket.on("close", () => (broken ??= Object.assign(new Error("the peer closed the flow"), { code: "ECONNRESET" })));
  socket.on("data", (part: Buffer) => {
    rest = Buffer.concat([rest, part]);
    for (; rest.length >= PING_BYTES; rest = rest.subarray(PING_BYTES)) clock.echoed(rest);
  });
  await everyPing(until, () => {
    if (!broken && !socket.connecting) socket.write(clock.next());
    return broken === undefined;
  });
  await settle(clock, () => broken !== undefined);
  if (!clock.allEchoed) broken ??= new Error("echoes are missing");
  tally.endFlow(clock.outcome(kind, target.ip, broken));
  socket.destroy();
}

/** Sends datagrams from one port until the run ends. Lost ones are counted; it fails when the socket fails or nothing comes at all. */
export async function runUdpFlow({ target, tally, until }: EchoFlow): Promise<void> {
  const kind = `udp/${target.path}/${target.family}`;
  const clock = new EchoClock();
  tally.begin(kind);
  const socket = createSocket(target.family === "v6" ? "udp6" : "udp4");
  let broken: Error | undefined;
  socket.on("error", (error) => (broken ??= error));
  socket.on("message", (message) => clock.echoed(message));
  socket.connect(ECHO_PORT, target.ip);
  await once(socket, "connect").catch((error: Error) => (broken ??= error));
  await everyPing(until, () => {
    if (!broken) socket.send(clock.next(), (error) => void (broken ??= error ?? undefined));
    return broken === undefined;
  });
  await settle(clock, () => broken !== undefined);
  const outcome = clock.outcome(kind, target.ip, broken);
  const silent = outcome.sent > 0 && outcome.lost === outcome.sent;
  tally.endFlow(silent ? { ...outcome, error: broken ?? new Error("nothing was echoed") } : outcome);
  socket.close();
}

/** Resolves when the run ends or `ping` says that the flow is broken. An interval costs a tenth of awaiting each pause. */
function everyPing(until: AbortSignal, ping: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!until.aborted && ping()) return;
      clearInterval(timer);
      resolve();
    }, PING_EVERY_MS);
  });
}

async function settle(clock: EchoClock, broken: () => boolean): Promise<void> {
  const deadline = performance.now() + LAST_ECHO_MS;
  while (!clock.allEchoed && !broken() && performance.now() < deadline) await pause(PING_EVERY_MS);
}
