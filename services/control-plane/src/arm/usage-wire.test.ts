import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import { nodeHourPrice } from "../node-hour-price.ts";
import { ArmError } from "./arm-error.ts";
import { readUsageRange, toUsage } from "./usage-wire.ts";

const now = as<Instant>(Date.parse("2026-03-05T12:00:00Z"));

describe("which days of usage are asked for", () => {
  const good: [query: Record<string, string>, from: string, to: string][] = [
    [{}, "2026-03-01", "2026-03-05"],
    [{ to: "2026-02-28" }, "2026-02-01", "2026-02-28"],
    [{ from: "2026-02-28" }, "2026-02-28", "2026-03-05"],
    [{ from: "2024-01-01", to: "2024-12-31" }, "2024-01-01", "2024-12-31"],
    [{ from: "2026-03-05", to: "2026-03-05" }, "2026-03-05", "2026-03-05"],
  ];
  for (const [query, from, to] of good)
    it(`${JSON.stringify(query)} is understood`, () => assert.deepEqual(readUsageRange(query, now), { from, to }));

  const bad: [query: Record<string, unknown>, target: string][] = [
    [{ from: "2026-02-30" }, "from"],
    [{ to: "yesterday" }, "to"],
    [{ to: ["2026-03-01", "2026-03-02"] }, "to"],
    [{ from: "2026-03-06" }, "from"],
    [{ from: "0000-01-01", to: "0000-01-02" }, "to"],
    [{ from: "2025-01-01", to: "2026-01-02" }, "from"],
  ];
  for (const [query, target] of bad)
    it(`${JSON.stringify(query)} is refused`, () =>
      assert.throws(
        () => readUsageRange(query, now),
        (error) => error instanceof ArmError && error.status === 400 && error.fault.target === target,
      ));
});

describe("what is said of a day's usage", () => {
  const usage = { day: "2026-03-04", pool: "p", ms: 5_400_000, correctionsMs: 0 };

  it("is hours, and no cost where there is no price", () =>
    assert.deepEqual(toUsage(usage, now, undefined), { day: "2026-03-04", pool: "p", nodeHours: 1.5, isComplete: true }));

  it("is what was taken back, and the cost of the rest", () =>
    assert.deepEqual(toUsage({ ...usage, day: "2026-03-05", correctionsMs: -1_800_000 }, now, nodeHourPrice("0.016 USD")), {
      day: "2026-03-05",
      pool: "p",
      nodeHours: 1.5,
      correctionHours: -0.5,
      isComplete: false,
      cost: { amount: 0.024, currency: "USD" },
    }));
});

describe("a price", () => {
  for (const text of ["", "0.016", "USD", "-1 USD", "1,5 EUR", "0.016 usd", "1e3 USD", "0.016  USD"])
    it(`is not ${JSON.stringify(text)}`, () => assert.throws(() => nodeHourPrice(text), /must be an amount and a currency/));
});
