import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { Tried } from "./denied-process.ts";
import { labNodes, onNode, type LabNode } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const run = promisify(execFile);
const PROGRAM = path.join(import.meta.dirname, "denied-process.ts");
/** Ten attempts a second are asked for; a machine that is busy with switches and traffic may miss a few. */
const ATTEMPTS_PER_SECOND_MIN = 5;
/** Longer than the rest of the pods' time-outs: what is denied without the node's rules is denied by the programs. */
const WITHOUT_RULES_MS = 3_000;
/** A probe takes half a second, and the cluster's next look a few; a busy machine takes longer. */
const PROVED_MS_MAX = 45_000;
/** Addresses in AKS' own rules. */
const GUARDED = /168\.63\.129\.16|169\.254\.169\.254/;

/** While `work` goes on, a pod of every node tries ten times a second what no pod must reach: not once does one succeed. */
export async function expectDeniedThroughout(stage: Stage, work: () => Promise<void>): Promise<void> {
  const probes = (await trafficPods(stage)).map(({ pid, node }) => {
    const child = probeFrom(pid);
    // from now on: Node drops what nobody has begun to read when a process ends
    return { node, child, text: textOf(child) };
  });
  const begunAt = performance.now();
  try {
    await work();
  } finally {
    for (const { child } of probes) child.stdin.end();
  }
  const seconds = (performance.now() - begunAt) / 1000;
  for (const { node, text } of probes) {
    const tried = JSON.parse(await text) as Tried;
    const told = `${node}: ${JSON.stringify(tried)} in ${seconds.toFixed(0)} s`;
    assert.deepEqual(tried.reached, [], told);
    assert.ok(tried.nameService > 0, `the pod reaches somebody: ${told}`);
    assert.ok(tried.attempts >= ATTEMPTS_PER_SECOND_MIN * seconds, told);
    process.stdout.write(
      `${node}: ${tried.attempts} attempts to reach what is denied, none with success; longest pause ${tried.longestPauseMs} ms\n`,
    );
  }
}

/** Takes AKS' own rules for these addresses from every node while `work` goes on: what denies then are the programs alone. */
export async function withoutNodeRules(stage: Stage, work: () => Promise<void> = () => pause(WITHOUT_RULES_MS)): Promise<void> {
  const taken = await Promise.all(labNodes(stage.stateDir).map(async (node) => ({ node, rules: await guardingRules(node) })));
  for (const { node, rules } of taken) assert.ok(rules.length >= 3, `${node.name} has rules of its own: ${rules.join("; ")}`);
  const change = (verb: "-A" | "-D"): Promise<string[]> =>
    Promise.all(taken.map(({ node, rules }) => onNode(node, "sh", "-ec", rules.map((rule) => `iptables -w ${verb} ${rule}`).join("\n"))));
  await change("-D");
  try {
    await work();
  } finally {
    await change("-A");
  }
}

/** The cluster says that pods of every node were kept from what is denied: as pods of the agents' own have found it. */
export async function expectPolicyProved(stage: Stage): Promise<void> {
  await until("the condition PolicyReconciled", PROVED_MS_MAX, async () => {
    const { conditions } = (await stage.arm.hostRouting()).properties;
    return conditions.some(({ type, status }) => type === "PolicyReconciled" && status === "True");
  });
}

/** As iptables prints them, without the verb; quoted for a shell. */
async function guardingRules(node: LabNode): Promise<string[]> {
  const listed = await onNode(node, "iptables", "-S", "FORWARD");
  return listed.split("\n").flatMap((line) => (line.startsWith("-A ") && GUARDED.test(line) ? [line.slice("-A ".length)] : []));
}

/** This lab's traffic clients, one in a pod of every node. */
async function trafficPods(stage: Stage): Promise<{ pid: number; node: string }[]> {
  const { stdout } = await run("pgrep", ["-f", "demo/traffic-client.ts"]);
  const pids = stdout.split("\n").filter((line) => line !== "");
  const { id } = JSON.parse(readFileSync(path.join(stage.stateDir, "lab", "lab.json"), "utf8")) as { id: string };
  return labNodes(stage.stateDir).map(({ name }) => {
    const pid = pids.find((one) => cgroupsOf(one).includes(`/acns-${id}/${name}/`));
    assert.ok(pid !== undefined, `no traffic client runs on ${name}`);
    return { pid: Number(pid), node: name };
  });
}

function cgroupsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return ""; // it has just ended
  }
}

type Probe = ChildProcessByStdio<Writable, Readable, null>;

/** In the pod's network namespace and nothing else of it: the pod's image need not have the program. */
function probeFrom(pid: number): Probe {
  return spawn("nsenter", ["--target", String(pid), "--net", "--", process.execPath, PROGRAM], { stdio: ["pipe", "pipe", "inherit"] });
}

async function textOf({ stdout }: Probe): Promise<string> {
  let text = "";
  for await (const chunk of stdout.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  return text;
}
