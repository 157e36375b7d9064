/**
 * Runs inside a pod's namespace. `echo PORT` answers every byte until stdin ends, and says for each
 * line that it reads when it has stood still, and what it could not take meanwhile; `flows PLANS` pings every 10 ms until stdin ends and prints results; `once PLANS` makes one exchange after the other; `idle PLANS` opens connections, makes an exchange on
 * each, keeps them silent until stdin ends, closes them and says whether the server closed too. Plans are JSON (traffic.ts).
 */
import dgram from "node:dgram";
import { readFileSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline";
import { namedCounter } from "../../services/node-agent/src/figures/kernel-texts.ts";
import { monotonicMs, watchPauses } from "./pauses.ts";
import type { FlowPlan, FlowSeen, FlowsSeen, ServerSeen } from "./traffic.ts";

const PING_EVERY_MS = 10;
/** An answer takes milliseconds, and as long as a busy machine does not let one of its ends run. */
const ANSWER_TIMEOUT_MS = 5000;
const MESSAGE_BYTES = 8;
/** An echo server closes the connection when it reads this. */
const GOODBYE = Buffer.from("goodbye!");
/** A flow goes on until it has had as many, however seldom a busy machine lets it run: a quarter of a second's. */
const ANSWERS_MIN = 25;
/** Shorter ones are everyday life on a busy machine, and no flow is broken by them. */
const SILENCE_NOTED_MS = 400;

type Channel = { send: (message: Buffer) => void; close: () => Promise<void> };
type Handlers = { onData: (data: Buffer) => void; onError: (error: string) => void };

async function openChannel(plan: FlowPlan, handlers: Handlers): Promise<Channel> {
  return plan.protocol === "tcp" ? openTcp(plan, handlers) : openUdp(plan, handlers);
}

async function openTcp(plan: FlowPlan, { onData, onError }: Handlers): Promise<Channel> {
  const local = plan.localPort === undefined ? {} : { localPort: plan.localPort };
  const socket = net.connect({ host: plan.address, port: plan.port, noDelay: true, ...local });
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error("timeout")));
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("data", onData).on("error", (error) => onError(error.message));
  const close = async (): Promise<void> => {
    // it broke before
    if (socket.closed) return;
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    if (plan.close === "server") socket.write(GOODBYE);
    else if (plan.close === "fin") socket.end();
    // a reset leaves no TIME_WAIT, so that the port can be used again at once
    else socket.resetAndDestroy();
    await closed;
  };
  return { send: (message) => void socket.write(message), close };
}

async function openUdp(plan: FlowPlan, { onData, onError }: Handlers): Promise<Channel> {
  const socket = dgram.createSocket(net.isIP(plan.address) === 4 ? "udp4" : "udp6");
  socket.on("message", onData).on("error", (error) => onError(error.message));
  await new Promise<void>((resolve) => socket.bind(plan.localPort ?? 0, resolve));
  await new Promise<void>((resolve) => socket.connect(plan.port, plan.address, resolve));
  return { send: (message) => socket.send(message), close: () => new Promise((resolve) => socket.close(resolve)) };
}

/** One flow that goes on until told to end. */
class Flow {
  readonly result: FlowSeen;
  readonly #plan: FlowPlan;
  #lastAnswer = monotonicMs();
  #sent = 0;
  #received = 0;
  #channel: Channel | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: FlowPlan) {
    this.#plan = plan;
    this.result = { name: plan.name, answers: 0, lost: 0, silences: [], error: null };
  }

  /** Resolves with the first answer or error. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      const onError = (error: string): void => {
        this.result.error ??= error;
        resolve();
      };
      const onData = (data: Buffer): void => {
        this.#note(data);
        resolve();
      };
      const begin = (channel: Channel): void => {
        this.#channel = channel;
        this.#lastAnswer = monotonicMs();
        this.#timer = setInterval(() => this.#ping(), PING_EVERY_MS);
      };
      openChannel(this.#plan, { onData, onError }).then(begin, (error: Error) => onError(error.message));
    });
  }

  async end(): Promise<void> {
    await this.#untilAnswered(ANSWERS_MIN);
    clearInterval(this.#timer);
    this.#noteSilence(monotonicMs());
    // the last pings are still under way
    await this.#untilAnswered(this.#sent);
    this.result.lost = Math.max(0, this.#sent - this.result.answers);
    await this.#channel?.close();
  }

  async #untilAnswered(count: number): Promise<void> {
    const deadline = performance.now() + ANSWER_TIMEOUT_MS;
    while (this.result.answers < count && this.result.error === null && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
  }

  #ping(): void {
    this.#sent += 1;
    this.#channel?.send(Buffer.from(String(this.#sent).padStart(MESSAGE_BYTES)));
  }

  #noteSilence(nowMs: number): void {
    if (nowMs - this.#lastAnswer > SILENCE_NOTED_MS) this.result.silences.push([this.#lastAnswer, nowMs]);
  }

  #note(data: Buffer): void {
    const nowMs = monotonicMs();
    this.#noteSilence(nowMs);
    this.#lastAnswer = nowMs;
    this.#received += data.length;
    this.result.answers = Math.floor(this.#received / MESSAGE_BYTES);
  }
}

async function once(plan: FlowPlan): Promise<string | null> {
  const { promise: outcome, resolve } = Promise.withResolvers<string | null>();
  const timer = setTimeout(() => resolve("no answer"), ANSWER_TIMEOUT_MS);
  const sentAgain = synsSentAgain();
  let missing = plan.bytes ?? MESSAGE_BYTES;
  const onData = (data: Buffer): void => {
    missing -= data.length;
    if (missing <= 0) resolve(null);
  };
  try {
    const channel = await openChannel(plan, { onData, onError: resolve });
    channel.send(Buffer.alloc(missing, "exchange"));
    const result = await outcome;
    await channel.close();
    return result === null && synsSentAgain() > sentAgain ? "slow: a SYN was sent again" : result;
  } catch (error) {
    return (error as Error).message;
  } finally {
    clearTimeout(timer);
  }
}

/** In this pod, which takes a second each time. */
function synsSentAgain(): number {
  const count = namedCounter(readFileSync("/proc/net/netstat", "utf8"), "TcpExt", "TCPSynRetrans");
  if (count === undefined) throw new Error("the kernel does not say how many SYNs were sent again");
  return count;
}

/** In this pod, for which a socket had no room: its process did not read for so long. */
function datagramsOverflowed(): number {
  const v4 = namedCounter(readFileSync("/proc/net/snmp", "utf8"), "Udp", "RcvbufErrors");
  const v6 = /^Udp6RcvbufErrors\s+(\d+)$/m.exec(readFileSync("/proc/net/snmp6", "utf8"))?.[1];
  if (v4 === undefined || v6 === undefined) throw new Error("the kernel does not say how many datagrams had no room");
  return v4 + Number(v6);
}

/** Says a line, and comes back when it has left: it may be longer than a pipe takes at once, and what has not left when a process ends is lost. */
function say(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}

/** Resolves with what closes the connection, which resolves with null when the server closed its side as well. */
function keepIdle({ address, port }: FlowPlan): Promise<() => Promise<string | null>> {
  const socket = net.connect({ host: address, port });
  const closed = new Promise<string | null>((resolve) => {
    socket.once("close", () => resolve(null)).on("error", (error) => resolve(error.message));
  });
  const close = (): Promise<string | null> => {
    socket.end();
    setTimeout(() => socket.destroy(new Error("the server did not close")), ANSWER_TIMEOUT_MS);
    return closed;
  };
  return new Promise((resolve, reject) => {
    socket.once("data", () => resolve(close)).once("error", reject);
    socket.write("exchange");
  });
}

async function serve(port: number): Promise<void> {
  const tcp = net.createServer((socket) => {
    socket.setNoDelay(true).on("error", () => {});
    socket.on("data", (data) => (data.equals(GOODBYE) ? socket.end() : socket.write(data)));
  });
  await new Promise<void>((resolve) => tcp.listen({ port, host: "::", ipv6Only: false }, resolve));
  for (const type of ["udp4", "udp6"] as const) {
    const udp = dgram.createSocket({ type, ipv6Only: type === "udp6" });
    udp.on("message", (data, from) => udp.send(data, from.port, from.address));
    await new Promise<void>((resolve) => udp.bind(port, resolve));
  }
}

const stdinEnd = new Promise<void>((resolve) => process.stdin.on("end", resolve).resume());
const [command, argument = ""] = process.argv.slice(2);
if (command === "echo") {
  await serve(Number(argument));
  const pauses = watchPauses();
  createInterface({ input: process.stdin }).on("line", () => {
    const seen: ServerSeen = { pauses: pauses(), overflowed: datagramsOverflowed() };
    void say(JSON.stringify(seen));
  });
  await say("listening");
  await stdinEnd;
} else if (command === "idle") {
  const closers = await Promise.all((JSON.parse(argument) as FlowPlan[]).map(keepIdle));
  await say("started");
  await stdinEnd;
  await say(JSON.stringify(await Promise.all(closers.map((close) => close()))));
} else if (command === "once") {
  const results: (string | null)[] = [];
  for (const plan of JSON.parse(argument) as FlowPlan[]) results.push(await once(plan));
  await say(JSON.stringify(results));
} else {
  const pauses = watchPauses();
  const flows = (JSON.parse(argument) as FlowPlan[]).map((plan) => new Flow(plan));
  await Promise.all(flows.map((flow) => flow.start()));
  await say("started");
  await stdinEnd;
  await Promise.all(flows.map((flow) => flow.end()));
  const seen: FlowsSeen = { flows: flows.map(({ result }) => result), pauses: pauses() };
  await say(JSON.stringify(seen));
}
process.exit(0);
