import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Pod } from "@hostrouting/kube";
import { agentsByNode } from "./agent-pods.ts";

const pod = (uid: string, nodeName: string, deletionTimestamp?: Date): V1Pod =>
  ({ metadata: { uid, deletionTimestamp }, spec: { nodeName } }) as V1Pod;

test("the pod that replaces one on its way out speaks for the node, in whatever order they are listed", () => {
  const [leaving, next, alone] = [pod("old", "n1", new Date(0)), pod("new", "n1"), pod("last", "n2", new Date(0))];
  for (const pods of [
    [leaving, next, alone],
    [alone, next, leaving],
  ])
    assert.deepEqual(Object.fromEntries([...agentsByNode(pods)].map(([node, { metadata }]) => [node, metadata?.uid])), {
      n1: "new",
      n2: "last",
    });
});
