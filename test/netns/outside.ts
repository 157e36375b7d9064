import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { TwoNodes } from "./two-nodes.ts";

const run = promisify(execFile);

const PROGRAM = path.join(import.meta.dirname, "outside-process.ts");
/** Some thousand connections take a few seconds; other tests may keep the processors busy. */
const TIMEOUT_MS = 60_000;

/** Sends datagrams of so many bytes from one socket of a pod, each after the echo of the one before. Null = all echoed, else the error. */
export function exchangeDatagrams(
  nodes: TwoNodes,
  pod: string,
  target: { address: string; port: number; bytes: number[] },
): Promise<string | null> {
  return inPod(nodes, pod, ["datagrams", target.address, target.port, target.bytes.join()]);
}

/** Connects and closes so many times from a pod. `failures` by errno. */
export function hammer(
  nodes: TwoNodes,
  pod: string,
  target: { address: string; port: number; count: number },
): Promise<{ failures: Record<string, number> }> {
  return inPod(nodes, pod, ["hammer", target.address, target.port, target.count]);
}

async function inPod<Result>(nodes: TwoNodes, pod: string, args: (string | number)[]): Promise<Result> {
  const { stdout } = await run("nsenter", [`--net=${nodes.netns(pod)}`, process.execPath, PROGRAM, ...args.map(String)], {
    timeout: TIMEOUT_MS,
  });
  return JSON.parse(stdout) as Result;
}
