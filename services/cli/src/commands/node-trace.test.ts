import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, type FlowTrace } from "@hostrouting/domain";
import { nodeTraceCommand, type TraceOptions } from "./node-trace.ts";

const OPTIONS: TraceOptions = { node: "n1", opening: false, output: "table" };
const WORDS = ["tcp", "10.244.1.5:40000", "10.244.2.7:80"];
const ABSENT: FlowTrace = { protocol: "tcp", mode: "Absent", directions: [] };

/** A node whose program ends so, what it was asked, and what the command said. */
function node(end: { stdout?: string; stderr?: string; exitCode?: number }) {
  const asked: string[][] = [];
  const said: string[] = [];
  const run = async (name: string, command: readonly string[]) => {
    asked.push([name, ...command]);
    return { stdout: "", stderr: "", exitCode: 0, ...end };
  };
  return { asked, said, parts: { run, say: (line: string) => void said.push(line) } };
}

const said = (part: string) => (error: unknown) => error instanceof AppError && error.message.includes(part);

test("asks the program beside the agent, and says its answer", async () => {
  const { asked, said: lines, parts } = node({ stdout: JSON.stringify(ABSENT) });
  assert.equal(await nodeTraceCommand(WORDS, { ...OPTIONS, opening: true }, parts), 0);
  assert.deepEqual(asked, [
    [
      "n1",
      "/usr/bin/node",
      "/app/services/node-agent/src/trace/main.ts",
      '{"flow":{"protocol":"tcp","source":{"address":"10.244.1.5","port":40000},"destination":{"address":"10.244.2.7","port":80}},"opening":true}',
    ],
  ]);
  assert.deepEqual(lines, ["n1: nothing of host routing is loaded, so every packet takes the kernel's stack."]);
});

test("gives the whole answer as JSON", async () => {
  const { said: lines, parts } = node({ stdout: JSON.stringify(ABSENT) });
  await nodeTraceCommand(WORDS, { ...OPTIONS, output: "json" }, parts);
  assert.deepEqual(JSON.parse(lines.join("")), { node: "n1", ...ABSENT });
});

test("a flow that makes no sense asks nobody", async () => {
  const { asked, parts } = node({});
  await assert.rejects(nodeTraceCommand(["tcp", "10.244.1.5", "10.244.2.7:80"], OPTIONS, parts), said("lacks a port"));
  assert.deepEqual(asked, []);
});

test("a program that fails is quoted, an answer that is none is refused", async () => {
  const failed = node({ stderr: "noise\nThe datapath is of another version. Roll out.\n", exitCode: 1 });
  await assert.rejects(
    nodeTraceCommand(WORDS, OPTIONS, failed.parts),
    said("n1 could not trace: The datapath is of another version. Roll out."),
  );
  await assert.rejects(nodeTraceCommand(WORDS, OPTIONS, node({ stdout: "<html>" }).parts), said("no answer that can be read"));
});
