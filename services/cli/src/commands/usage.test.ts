import assert from "node:assert/strict";
import { test } from "node:test";
import { usageCommand } from "./usage.ts";

const day = { day: "2026-03-04", pool: "user", nodeHours: 24, isComplete: true };
const today = { day: "2026-03-05", pool: "gpu", nodeHours: 1.5, correctionHours: -0.5, isComplete: false };

async function said(pages: Readonly<Record<string, object>>, output: "table" | "json" = "table"): Promise<string[]> {
  const lines: string[] = [];
  const cluster = {
    readHostRouting: async (below: string | undefined, query: Readonly<Record<string, string>> = {}) =>
      pages[`${below} ${JSON.stringify(query)}`],
  };
  await usageCommand(cluster, { from: "2026-03-04", output }, (line) => lines.push(line));
  return lines;
}

test("every page is read, and summed up", async () => {
  const lines = await said({
    '/usage {"from":"2026-03-04"}': { value: [day], nextLink: "https://arm/usage?$skipToken=abc&from=2026-03-04" },
    '/usage {"from":"2026-03-04","$skipToken":"abc"}': { value: [today] },
  });
  assert.deepEqual(lines, [
    "DAY         POOL  NODE-HOURS",
    "2026-03-04  user  24.000",
    "2026-03-05  gpu   1.500  (0.500 taken back)  so far",
    "SUM               25.500",
  ]);
});

test("with a price there is a cost", async () => {
  const lines = await said({ '/usage {"from":"2026-03-04"}': { value: [{ ...day, cost: { amount: 0.384, currency: "USD" } }] } });
  assert.deepEqual(lines.slice(1), ["2026-03-04  user  24.000  0.384 USD", "SUM               24.000  0.384 USD"]);
});

test("nothing used is said; json is the list", async () => {
  assert.deepEqual(await said({ '/usage {"from":"2026-03-04"}': { value: [] } }), ["No node was enabled on these days."]);
  assert.deepEqual(JSON.parse((await said({ '/usage {"from":"2026-03-04"}': { value: [day] } }, "json")).join("")), [day]);
});
