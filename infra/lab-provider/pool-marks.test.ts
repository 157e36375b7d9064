import assert from "node:assert/strict";
import { test } from "node:test";
import { marksPatch, readMarks, type MarkedNode, type PoolMarks } from "./pool-marks.ts";

const MODE = { "kubernetes.azure.com/mode": "user" };
const foreign = { key: "somebody.example/held", effect: "NoSchedule" };

function marksOf(given: Record<string, unknown>): PoolMarks {
  const marks = readMarks({ mode: "User" }, given);
  assert.ok("labels" in marks);
  return marks;
}

/** The node after a merge patch (RFC 7396) of what `marksPatch` may write. */
function patched(node: MarkedNode, marks: PoolMarks): MarkedNode {
  const patch = marksPatch(node, marks) as MarkedNode | undefined;
  assert.ok(patch);
  const merged = { ...node.metadata.labels, ...(patch.metadata.labels as Record<string, string | null>) };
  const labels = Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null));
  return {
    metadata: { ...node.metadata, labels, annotations: { ...node.metadata.annotations, ...patch.metadata.annotations } },
    spec: patch.spec,
  };
}

const bare: MarkedNode = { metadata: { name: "n", resourceVersion: "7", labels: { kept: "yes" } }, spec: { taints: [foreign] } };

test("a pool's labels and taints are read as ARM writes them", () => {
  assert.deepEqual(
    marksOf({ nodeLabels: { tier: "a" }, nodeTaints: ["gpu=yes:NoSchedule", "spare:NoExecute", "empty=:PreferNoSchedule"] }),
    {
      labels: { tier: "a", ...MODE },
      taints: [
        { key: "gpu", value: "yes", effect: "NoSchedule" },
        { key: "spare", effect: "NoExecute" },
        { key: "empty", effect: "PreferNoSchedule" },
      ],
    },
  );
  assert.deepEqual(marksOf({ nodeLabels: null }), { labels: MODE, taints: [] });
  for (const text of ["gpu", "gpu=yes", "gpu=yes:Never", ":NoSchedule"])
    assert.deepEqual(readMarks({ mode: "User" }, { nodeTaints: [text] }), { unreadable: text });
});

test("a node gets its pool's marks beside what others put on it, once", () => {
  const marks = marksOf({ nodeLabels: { tier: "a" }, nodeTaints: ["gpu=yes:NoSchedule"] });
  const node = patched(bare, marks);
  assert.deepEqual(node.metadata.labels, { kept: "yes", tier: "a", ...MODE });
  assert.deepEqual(node.spec.taints, [foreign, { key: "gpu", value: "yes", effect: "NoSchedule" }]);
  assert.equal(marksPatch(node, marks), undefined);
});

test("what the pool has no more is taken away, and nobody else's; what somebody changed is put right", () => {
  const node = patched(bare, marksOf({ nodeLabels: { tier: "a", zone: "1" }, nodeTaints: ["gpu=yes:NoSchedule"] }));
  const later = patched(node, marksOf({ nodeLabels: { tier: "b" }, nodeTaints: ["gpu=no:NoSchedule"] }));
  assert.deepEqual(later.metadata.labels, { kept: "yes", tier: "b", ...MODE });
  assert.deepEqual(later.spec.taints, [foreign, { key: "gpu", value: "no", effect: "NoSchedule" }]);
  const none = patched(later, marksOf({}));
  assert.deepEqual([none.metadata.labels, none.spec.taints], [{ kept: "yes", ...MODE }, [foreign]]);
  assert.ok(marksPatch({ ...none, metadata: { ...none.metadata, labels: {} } }, marksOf({})), "its mode was taken away");
});
