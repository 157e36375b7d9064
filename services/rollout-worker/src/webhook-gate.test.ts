import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { Operation, WebhookGate } from "@hostrouting/domain";
import { makeWorld, PATIENCE, type World } from "./testing/test-world.ts";
import { startTestWebhook } from "./testing/test-webhook.ts";
import { httpsWebhook, type AskWebhook, type WebhookAnswer, type WebhookQuestion } from "./webhook/ask-webhook.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const gate: WebhookGate = {
  id: "checks",
  at: "BeforeCluster",
  kind: "Webhook",
  url: "https://checks.example/",
  timeoutSeconds: 10,
  intervalSeconds: 5,
};
let world: World;
afterEach(() => world.close());

async function open(ask: AskWebhook, changes: Partial<WebhookGate> = {}): Promise<void> {
  world = await makeWorld(ADMIN_URL ?? "", { ...PATIENCE, gates: [{ ...gate, ...changes }] }, { askWebhook: ask });
  world.fake.addNode("n1");
}

async function until(id: Operation["id"], holds: (operation: Operation) => boolean): Promise<Operation> {
  for (let rounds = 0; rounds < 200; rounds += 1) {
    const operation = await world.operation(id);
    if (holds(operation)) return operation;
    await world.round();
    world.fake.tick(1_000);
  }
  throw new Error(`It stays ${JSON.stringify(await world.operation(id))}`);
}

test("a webhook's yes lets an operation go on; it is asked once, over HTTPS, and its word is kept as an approval", async () => {
  const hook = await startTestWebhook((_asked, reply) => reply.end('{"verdict":"Continue","reason":"all green"}'));
  await open(httpsWebhook({ loopbackAllowed: true, ca: hook.ca }), { url: hook.url });
  const id = await world.request("BpfVeth");
  assert.equal((await until(id, ({ endedAt }) => endedAt !== undefined)).phase, "Succeeded");
  const { approvals } = (await world.operation(id)).control;
  assert.deepEqual(approvals, [{ gate: "checks", by: "webhook", comment: "all green" }]);
  assert.equal(hook.asked.length, 1);
  await hook.close();
});

test("its no cancels, whatever was asked for before", async () => {
  await open(async () => ({ verdict: "Reject", reason: "frozen" }));
  const ended = await until(await world.request("BpfVeth"), ({ endedAt }) => endedAt !== undefined);
  assert.deepEqual([ended.phase, ended.error?.code, ended.error?.message], ["Canceled", "Rejected", "Rejected: frozen"]);
});

test("an answer that is neither is told in the wait, and none is asked for while one is under way", async () => {
  const asked: WebhookQuestion[] = [];
  const answers: ((answer: WebhookAnswer) => void)[] = [];
  await open((_hook, question) => {
    asked.push(question);
    return new Promise((resolve) => answers.push(resolve));
  });
  const id = await world.request("BpfVeth");
  await until(id, () => asked.length === 1);
  for (let rounds = 0; rounds < 5; rounds += 1) await world.round();
  assert.deepEqual([asked.length, asked[0]?.gate, asked[0]?.operationId], [1, "checks", id]);
  answers[0]?.({ verdict: "Wait", reason: "tests run" });
  const waiting = await until(id, ({ control }) => control.webhook !== undefined);
  assert.deepEqual([waiting.phase, waiting.control.webhook], ["Validating", { gate: "checks", said: "It says: tests run" }]);
});

test("an answer to a gate that holds the operation no more changes nothing", async () => {
  let say: (answer: WebhookAnswer) => void = () => undefined;
  let isAsked = false;
  await open(() => {
    isAsked = true;
    return new Promise((resolve) => (say = resolve));
  });
  const id = await world.request("BpfVeth");
  await until(id, () => isAsked);
  await world.cancel(id);
  await until(id, ({ endedAt }) => endedAt !== undefined);
  const next = await world.request("None");
  say({ verdict: "Continue", reason: "late" });
  assert.equal((await until(next, ({ endedAt }) => endedAt !== undefined)).phase, "Succeeded");
  assert.deepEqual((await world.operation(id)).control.approvals, undefined);
});
