import assert from "node:assert/strict";
import { test } from "node:test";
import { stepWords } from "./step-words.ts";

test("the status says what is being done, to what, and what is waited for", () => {
  const pool = { name: "np1", mode: "System", osSku: "Ubuntu" } as const;
  const add = { kind: "AddNode", pool, number: 3, of: 4, missing: 2 } as const;
  assert.deepEqual(
    [
      stepWords({ kind: "Doing", step: { kind: "Build", nodes: 2, why: "" }, detail: "API server answers" }),
      stepWords({ kind: "Doing", step: { kind: "Build", nodes: 1, why: "etcd ended" }, detail: "" }),
      stepWords({ kind: "Doing", step: add, detail: "" }),
      stepWords({ kind: "Queued", step: add, ahead: 2 }),
      stepWords({ kind: "Queued", step: { kind: "RetireNode", node: "aks-np1-3", pool: "np1" }, ahead: 1 }),
      stepWords({ kind: "Doing", step: { kind: "DropNode", node: "aks-np1-3" }, detail: "" }),
    ],
    [
      "Makes the cluster with 2 nodes: API server answers.",
      "Makes the cluster with 1 node anew, since etcd ended.",
      "Adds node 3 of 4 to pool np1.",
      "Adds node 3 of 4 to pool np1: waits for 2 other clusters of this machine, since clusters are made one after the other.",
      "Drains node aks-np1-3 of pool np1 and removes it: waits for another cluster of this machine, since clusters are made one after the other.",
      "Removes node aks-np1-3, whose processes have ended.",
    ],
  );
});
