import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant } from "./brand.ts";
import { parseOverrides } from "./preflight-override.ts";

const bounds = { now: as<Instant>(Date.UTC(2026, 0, 1)), overridableRules: ["PF-017", "PF-023"] };
const good = { ruleId: "PF-017", reason: "r", expiresAt: "2026-01-31T00:00:00Z" };
const many = Array.from({ length: 21 }, () => good);

const kept: readonly (readonly [what: string, given: unknown, expiresAt: string])[] = [
  ["a time in UTC", good, "2026-01-31T00:00:00.000Z"],
  ["a time elsewhere", { ...good, expiresAt: "2026-01-30T23:30:00.5-01:00" }, "2026-01-31T00:30:00.500Z"],
  ["90 days ahead", { ...good, expiresAt: "2026-04-01T00:00:00Z" }, "2026-04-01T00:00:00.000Z"],
  ["512 characters outside the basic plane", { ...good, reason: "𝄞".repeat(512) }, "2026-01-31T00:00:00.000Z"],
];
for (const [what, given, expiresAt] of kept)
  test(`is kept: ${what}`, () => {
    assert.deepEqual(parseOverrides([given], bounds), { overrides: [{ ...(given as object), expiresAt }] });
  });

const refused: readonly (readonly [what: string, given: unknown, members: readonly string[]])[] = [
  ["no list", good, [""]],
  ["text", "PF-017", [""]],
  ["21 entries", many, [""]],
  ["no object", [null, 7, [good]], ["[0]", "[1]", "[2]"]],
  ["an empty object", [{}], ["[0].ruleId", "[0].reason", "[0].expiresAt"]],
  ["a rule that is none", [{ ...good, ruleId: "PF-999" }], ["[0].ruleId"]],
  ["a rule that may not be overridden", [good, { ...good, ruleId: "PF-006" }], ["[1].ruleId"]],
  ["a rule twice", [good, { ...good, ruleId: "PF-023" }, good], ["[2].ruleId"]],
  ["nothing but blanks", [{ ...good, reason: " \t" }], ["[0].reason"]],
  ["513 characters", [{ ...good, reason: "x".repeat(513) }], ["[0].reason"]],
  ["the very moment", [{ ...good, expiresAt: "2026-01-01T00:00:00Z" }], ["[0].expiresAt"]],
  ["the past", [{ ...good, expiresAt: "2025-12-31T23:59:59Z" }], ["[0].expiresAt"]],
  ["a millisecond more than 90 days", [{ ...good, expiresAt: "2026-04-01T00:00:00.001Z" }], ["[0].expiresAt"]],
  ["a date only", [{ ...good, expiresAt: "2026-01-31" }], ["[0].expiresAt"]],
  ["no offset", [{ ...good, expiresAt: "2026-01-31T00:00:00" }], ["[0].expiresAt"]],
  ["a day that February has not", [{ ...good, expiresAt: "2026-02-29T00:00:00Z" }], ["[0].expiresAt"]],
  ["a month that the year has not", [{ ...good, expiresAt: "2026-13-01T00:00:00Z" }], ["[0].expiresAt"]],
  ["an hour that the day has not", [{ ...good, expiresAt: "2026-01-31T25:00:00Z" }], ["[0].expiresAt"]],
  ["an offset of a day and more", [{ ...good, expiresAt: "2026-01-31T00:00:00+25:00" }], ["[0].expiresAt"]],
  ["a number", [{ ...good, expiresAt: 1_800_000_000_000 }], ["[0].expiresAt"]],
  ["another member", [{ ...good, until: "tomorrow" }], ["[0].until"]],
  [
    "faults of several",
    [
      { ...good, reason: "" },
      { ...good, ruleId: "" },
    ],
    ["[0].reason", "[1].ruleId"],
  ],
];
for (const [what, given, members] of refused)
  test(`is refused: ${what}`, () => {
    const parsed = parseOverrides(given, bounds);
    assert.ok("faults" in parsed);
    assert.deepEqual(
      parsed.faults.map(({ member }) => member),
      members.map((member) => `preflightOverrides${member}`),
    );
    for (const { member, message } of parsed.faults) assert.ok(message.includes(member) || message.includes("There is no member"), message);
  });
