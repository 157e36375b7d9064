import assert from "node:assert/strict";
import { test } from "node:test";
import { readList } from "./read-list.ts";

test("a list is read page after page, with the question of the first", async () => {
  const asked: unknown[] = [];
  const readHostRouting = async (below?: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    asked.push([below, query]);
    const at = Number(query["$skipToken"] ?? 0);
    const nextLink = `https://arm.test/nodes?api-version=2026-04-01&$skipToken=${at + 1}`;
    return { value: [`n${at}`], ...(at < 2 && { nextLink }) };
  };
  assert.deepEqual(await readList({ readHostRouting }, "/nodes", { $top: "1" }), ["n0", "n1", "n2"]);
  assert.deepEqual(asked, [
    ["/nodes", { $top: "1" }],
    ["/nodes", { $top: "1", $skipToken: "1" }],
    ["/nodes", { $top: "1", $skipToken: "2" }],
  ]);
});
