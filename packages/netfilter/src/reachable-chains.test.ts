import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hook, PacketChain, PacketTable } from "./packet-rule.ts";
import { reachingHooks } from "./reachable-chains.ts";

function chain(name: string, hook: Hook | undefined, ...targets: string[]): PacketChain {
  const rules = targets.map((target) => ({
    text: "",
    match: { names: [], options: [] },
    actions: [{ kind: target.startsWith("goto ") ? ("goto" as const) : ("jump" as const), chain: target.replace("goto ", "") }],
  }));
  return { name, rules, ...(hook === undefined ? {} : { base: { hook, type: "filter", devices: [] } }) };
}

const TABLE: PacketTable = {
  family: "ip",
  name: "filter",
  dormant: false,
  chains: [
    chain("IN", "input", "a"),
    chain("FWD", "forward", "goto b", "missing"),
    chain("a", undefined, "c"),
    chain("b", undefined, "c", "b"),
    chain("c", undefined, "a"),
    chain("alone", undefined, "c"),
  ],
  sets: [],
  maps: [],
  flowtables: [],
};

function seen(table: PacketTable): Record<string, string> {
  return Object.fromEntries([...reachingHooks(table)].map(([name, hooks]) => [name, [...hooks].sort().join()]));
}

test("hooks follow jumps and gotos, through chains that lead to themselves", () =>
  assert.deepEqual(seen(TABLE), { IN: "input", FWD: "forward", a: "forward,input", b: "forward", c: "forward,input", alone: "" }));

test("a dormant table is reached as if it were awake", () => assert.deepEqual(seen({ ...TABLE, dormant: true }), seen(TABLE)));
