import assert from "node:assert/strict";
import { test } from "node:test";
import { ArmRefusal } from "./arm-problem.ts";
import { followQuestion, type ArmReply } from "./follow-question.ts";

const ARM = "https://arm.example";
const accepted = { "azure-asyncoperation": `${ARM}/operations/1?v=1`, location: `${ARM}/operationresults/1?v=1` };

type Scripted = { readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown };

/** Plays answers in order; what was sent and waited for is told. */
async function play(answers: readonly Scripted[]): Promise<{ readonly said: unknown; readonly steps: readonly string[] }> {
  const left = [...answers];
  const steps: string[] = [];
  const send = async (method: string, path: string): Promise<ArmReply> => {
    steps.push(`${method} ${path}`);
    const { headers = {}, body } = left.shift() ?? {};
    return { status: 200, header: (name) => headers[name], body };
  };
  const pause = async (seconds: number): Promise<void> => void steps.push(`pause ${seconds}`);
  const said = await followQuestion({ send, pause }, "/ask", {}).catch((error: unknown) => error);
  return { said, steps };
}

test("looks until it is answered, as slowly as it is told, and fetches the report", async () => {
  const inProgress = { headers: { "retry-after": "3" }, body: { status: "InProgress" } };
  const { said, steps } = await play([{ headers: accepted }, inProgress, { body: { status: "Succeeded" } }, { body: { kind: "WhatIf" } }]);
  assert.deepEqual(said, { kind: "WhatIf" });
  assert.deepEqual(steps, ["POST /ask", "GET /operations/1?v=1", "pause 3", "GET /operations/1?v=1", "GET /operationresults/1?v=1"]);
});

test("a question that fails is a refusal with the server's words", async () => {
  const { said } = await play([{ headers: accepted }, { body: { status: "Failed", error: { code: "ClusterUnreachable", message: "M" } } }]);
  assert.ok(said instanceof ArmRefusal);
  assert.deepEqual(said.problem, { httpStatus: 200, error: { code: "ClusterUnreachable", message: "M" } });
});

test("an address elsewhere is asked at the same endpoint only", async () => {
  const headers = { "azure-asyncoperation": "https://elsewhere.example/o", location: "https://elsewhere.example/r" };
  const { steps } = await play([{ headers }, { body: { status: "Succeeded" } }, { body: {} }]);
  assert.deepEqual(steps, ["POST /ask", "GET /o", "GET /r"]);
});

test("an answer without addresses, and one that never comes, end with an error", async () => {
  assert.match(String((await play([{}])).said), /azure-asyncoperation/);
  const endless = [{ headers: accepted }, ...Array.from({ length: 500 }, () => ({ body: { status: "InProgress" } }))];
  assert.match(String((await play(endless)).said), /no answer in time/);
});
