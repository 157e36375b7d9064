import assert from "node:assert/strict";
import { test } from "node:test";
import type { MasqueradeConfig } from "./masquerade-config.ts";
import { masqueradePrecondition, withMasqueradeRanges, type MasqueradeRanges } from "./masquerade-precondition.ts";

const config: MasqueradeConfig = { ranges: ["10.244.0.0/16", "fd00:244::/48"], linkLocal: false, linkLocalV6: false };
const good: MasqueradeRanges = { config, podRanges: ["10.244.0.0/16", "fd00:244::/48"] };

const rows: readonly (readonly [what: string, seen: MasqueradeRanges, outcome: string, message: RegExp])[] = [
  ["pods' ranges are left alone", good, "Passed", /^$/],
  ["a wider range holds them", { ...good, config: { ...config, ranges: ["10.0.0.0/8", "fd00::/8"] } }, "Passed", /^$/],
  ["one family is forgotten", { ...good, config: { ...config, ranges: ["10.0.0.0/8"] } }, "Failed", /masqueraded: fd00:244::\/48\.$/],
  ["everything is masqueraded", { ...good, config: { ...config, ranges: [] } }, "Failed", /10\.244\.0\.0\/16, fd00:244::\/48/],
  ["a range that is narrower", { ...good, config: { ...config, ranges: ["10.244.0.0/17", "fd00::/8"] } }, "Failed", /10\.244\.0\.0\/16/],
  ["link-local addresses as well", { ...good, config: { ...config, linkLocal: true } }, "Failed", /^Link-local/],
  ["no configuration", { ...good, config: undefined }, "Unknown", /not known/],
  ["ranges not known", { ...good, podRanges: undefined }, "Unknown", /not known/],
];
for (const [what, seen, outcome, message] of rows)
  test(`masquerade ranges: ${what}`, () => {
    const said = masqueradePrecondition(seen);
    assert.equal(said.outcome, outcome);
    assert.match(said.message, message);
  });

test("the answer stands among others, once there are others", () => {
  const facts = { osId: "ubuntu" };
  assert.deepEqual(withMasqueradeRanges(facts, good), facts);
  const others = { ...facts, preconditions: [{ name: "LoosePickup", outcome: "Passed" as const, message: "" }] };
  assert.deepEqual(
    withMasqueradeRanges(others, good).preconditions?.map(({ name }) => name),
    ["LoosePickup", "MasqueradeRanges"],
  );
});
