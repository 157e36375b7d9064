import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChangedPlace, PacketFilterChange } from "@hostrouting/bpf-loader";
import type { Finding } from "@hostrouting/netfilter";
import { attributed, NOBODY_KNOWN, withChange, withWriters, type Touched } from "./changed-by.ts";

const NOTHING: Touched = new Map();
const finding = (rule: string, changes: Partial<Finding> = {}): Finding => {
  return {
    class: "Bypassed",
    reason: "",
    backend: "iptables-nft",
    family: "ip",
    table: "filter",
    chain: "FORWARD",
    rule,
    remedy: "",
    ...changes,
  };
};
const place = (kind: ChangedPlace["kind"], chain?: string): ChangedPlace => {
  return { kind, family: "ip", table: "filter", ...(chain === undefined ? {} : { chain }) };
};
const change = (name: string | undefined, ...places: ChangedPlace[]): PacketFilterChange => {
  return { writer: name === undefined ? undefined : { pid: 1, name }, places, lost: false };
};
const touchedBy = (...changes: PacketFilterChange[]): Touched => changes.reduce<Touched>(withChange, NOTHING);
const writersOf = (touched: Touched, found: Finding): string | undefined =>
  withWriters([found], attributed(NOBODY_KNOWN, [found], touched))[0]?.changedBy;

describe("who wrote a rule", () => {
  const rows: [what: string, changes: PacketFilterChange[], finding: Finding, writer: string | undefined][] = [
    [
      "whoever touched its chain last",
      [change("a", place("rule", "FORWARD")), change("b", place("rule", "FORWARD"))],
      finding("r"),
      "b (process 1)",
    ],
    ["nobody who touched another chain", [change("a", place("rule", "INPUT"))], finding("r"), undefined],
    [
      "nobody who touched the other backend's chain",
      [change("a", place("rule", "FORWARD"))],
      finding("r", { backend: "iptables-legacy" }),
      undefined,
    ],
    ["of a policy: who made the chain so", [change("a", place("chain", "FORWARD"))], finding("-P FORWARD DROP"), "a (process 1)"],
    ["of a verdict map: who added to it", [change("a", place("set"))], finding("r"), "a (process 1)"],
    ["of a flowtable: who made it", [change("a", place("flowtable"))], finding("flowtable f", { chain: "" }), "a (process 1)"],
    ["of a table that was woken: who woke it", [change("a", place("table"))], finding("r"), "a (process 1)"],
    [
      "nobody, where the last writer was not told",
      [change("a", place("rule", "FORWARD")), change(undefined, place("rule", "FORWARD"))],
      finding("r"),
      undefined,
    ],
  ];
  for (const [what, changes, found, writer] of rows) it(what, () => assert.equal(writersOf(touchedBy(...changes), found), writer));

  it("is told once more behind the scan that found the rule, and never of a rule that was there", () => {
    const [first, second] = [finding("first"), finding("second")];
    const late = touchedBy(change("late", place("rule", "FORWARD")));
    const start = attributed(NOBODY_KNOWN, [first], NOTHING);
    const told = attributed(start, [first, second], late);
    assert.deepEqual(
      withWriters([first, second], told).map(({ changedBy }) => changedBy),
      ["late (process 1)", "late (process 1)"],
    );
    const old = attributed(attributed(start, [first], NOTHING), [first, second], late);
    assert.deepEqual(
      withWriters([first, second], old).map(({ changedBy }) => changedBy),
      [undefined, "late (process 1)"],
    );
  });
});
