import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import path from "node:path";
import { longestSilenceMs, type Span } from "./pauses.ts";
import type { TwoNodes } from "./two-nodes.ts";

/** A flow: a ping every 10 ms to an echo server, from its own socket. TCP ends by a reset unless `close` says otherwise: "server" lets the server close first, which then keeps TIME_WAIT. `bytes`: size of a single exchange, 8 unless told. */
export type FlowPlan = {
  name: string;
  protocol: "tcp" | "udp";
  address: string;
  port: number;
  localPort?: number;
  close?: "fin" | "server";
  bytes?: number;
};
type FlowCounts = { name: string; answers: number; lost: number; error: string | null };
/**
 * How it went. `silenceMs`: the longest time between two answers, without that in which the client or a server did not run. `lost`: what was not
 * answered, without what a server that did not run may have had no room for.
 */
export type FlowResult = FlowCounts & { silenceMs: number };
/** What the client says of a flow: all times between two answers that were long. */
export type FlowSeen = FlowCounts & { silences: Span[] };
/** What the client says of its flows, and when it did not run itself. */
export type FlowsSeen = { flows: FlowSeen[]; pauses: Span[] };
/** What an echo server says: when it did not run, and how many datagrams its pod has dropped since it was made because nobody read them. */
export type ServerSeen = { pauses: Span[]; overflowed: number };

const PROGRAM = path.join(import.meta.dirname, "traffic-process.ts");
/** A process begins within a second, and on a machine that has no time for it within a minute. */
const START_TIMEOUT_MS = 60_000;

/** Starts an echo server (TCP and UDP, both families) in a pod; resolves once it listens. */
export async function startEcho(nodes: TwoNodes, pod: string, port: number): Promise<void> {
  const child = inPod(nodes, pod, ["echo", String(port)]);
  const lines = linesOf(child);
  await withTimeout(lines.next(), `echo server of pod ${pod}`);
  servers.set(child, lines);
  child.once("exit", () => servers.delete(child));
}

/** What the echo servers say that run now, together. */
async function askServers(): Promise<ServerSeen> {
  const answers = [...servers].map(async ([child, lines]): Promise<ServerSeen[]> => {
    child.stdin?.write("\n");
    const { value, done } = await withTimeout(lines.next(), "pauses of an echo server");
    return done ? [] : [JSON.parse(value) as ServerSeen];
  });
  const seen = (await Promise.all(answers)).flat();
  return { pauses: seen.flatMap(({ pauses }) => pauses), overflowed: seen.reduce((sum, { overflowed }) => sum + overflowed, 0) };
}

/** Flows that run until `finish`, which answers with their results. Resolves once every flow has had its first answer or error. */
export async function startFlows(nodes: TwoNodes, pod: string, plans: FlowPlan[]): Promise<{ finish: () => Promise<FlowResult[]> }> {
  const before = await askServers();
  const running = await startUntilFinish<FlowsSeen>(nodes, pod, ["flows", JSON.stringify(plans)]);
  return {
    async finish() {
      const { flows, pauses } = await running.finish();
      const servers = await askServers();
      const ofBoth = [...pauses, ...servers.pauses];
      const overflowed = Math.max(0, servers.overflowed - before.overflowed);
      return flows.map(({ silences, lost, ...counts }) => ({
        ...counts,
        lost: Math.max(0, lost - overflowed),
        silenceMs: longestSilenceMs(silences, ofBoth),
      }));
    },
  };
}

/** A flow that is silent for longer counts as broken. */
const SILENCE_MAX_MS = 500;
/** Pings that may be under way when a flow ends. */
const IN_FLIGHT_MAX = 2;

/** Whether a flow had an error, was silent, or lost more than may be under way when it ends. */
export function isBroken({ answers, lost, silenceMs, error }: FlowResult): boolean {
  return error !== null || answers === 0 || lost > IN_FLIGHT_MAX || silenceMs > SILENCE_MAX_MS;
}

/** TCP connections that are silent after an exchange. `finish` closes them: null when the server then closed as well, else the error. */
export function startIdle(nodes: TwoNodes, pod: string, plans: FlowPlan[]): Promise<{ finish: () => Promise<(string | null)[]> }> {
  return startUntilFinish(nodes, pod, ["idle", JSON.stringify(plans)]);
}

async function startUntilFinish<Result>(nodes: TwoNodes, pod: string, args: string[]): Promise<{ finish: () => Promise<Result> }> {
  const child = inPod(nodes, pod, args);
  const lines = linesOf(child);
  await withTimeout(lines.next(), `flows of pod ${pod}`);
  return {
    async finish() {
      child.stdin?.end();
      const { value } = await withTimeout(lines.next(), `results of pod ${pod}`);
      return JSON.parse(value as string) as Result;
    },
  };
}

/** One exchange on a new socket with a fixed local port, closed by the client afterwards. Null = answered, else the error. */
export async function exchangeOnce(nodes: TwoNodes, pod: string, plan: FlowPlan): Promise<string | null> {
  return (await exchangeAll(nodes, pod, [plan]))[0] ?? null;
}

/** Exchanges one after the other, each on a socket of its own. */
export async function exchangeAll(nodes: TwoNodes, pod: string, plans: FlowPlan[]): Promise<(string | null)[]> {
  const child = inPod(nodes, pod, ["once", JSON.stringify(plans)]);
  return JSON.parse(await firstLine(child)) as (string | null)[];
}

const running = new Set<ChildProcess>();
const servers = new Map<ChildProcess, AsyncIterator<string>>();

/** Ends every traffic process that is still there. */
export function stopTraffic(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Ends flows that a failed test left, which another test would count. */
export function stopFlows(): void {
  for (const child of running) if (!servers.has(child)) child.kill("SIGKILL");
}

function inPod(nodes: TwoNodes, pod: string, args: string[]): ChildProcess {
  const child = spawn("nsenter", [`--net=${nodes.netns(pod)}`, process.execPath, PROGRAM, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  return createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
}

async function firstLine(child: ChildProcess): Promise<string> {
  const { value, done } = await withTimeout(linesOf(child).next(), "traffic process");
  if (done) throw new Error("the traffic process ended without a word");
  return value as string;
}

function withTimeout<T>(promise: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: nothing in ${START_TIMEOUT_MS} ms`)), START_TIMEOUT_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
