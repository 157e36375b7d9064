import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiCall } from "./api-client.ts";
import { eachPage } from "./paged-list.ts";

/** Answers with these pages, one after the other, and keeps what it was asked. */
function pages(answers: readonly unknown[]): { calls: ApiCall[]; call: (call: ApiCall) => Promise<unknown> } {
  const calls: ApiCall[] = [];
  return { calls, call: (call) => Promise.resolve(answers[Math.min(calls.push(call), answers.length) - 1]) };
}

async function read(answers: readonly unknown[]): Promise<{ items: string[]; asked: (string | undefined)[] }> {
  const client = pages(answers);
  const items: string[] = [];
  await eachPage<string>(client, { path: "/api/v1/pods" }, (page) => items.push(...page));
  return { items, asked: client.calls.map(({ query }) => query?.["continue"]) };
}

test("a list is read to its end, page by page", async () => {
  const answers = [
    { items: ["a", "b"], metadata: { continue: "x" } },
    { items: ["c"], metadata: { continue: "" } },
  ];
  assert.deepEqual(await read(answers), { items: ["a", "b", "c"], asked: [undefined, "x"] });
  assert.deepEqual(await read([{ metadata: {} }]), { items: [], asked: [undefined] });
});

test("a list that does not end is given up", async () => {
  await assert.rejects(read([{ items: ["a"], metadata: { continue: "again" } }]), /more than 200000 items/);
});

test("a page that fails fails the list", async () => {
  const client = { call: () => Promise.reject(new Error("gone")) };
  await assert.rejects(
    eachPage(client, { path: "/x" }, () => {}),
    /gone/,
  );
});
