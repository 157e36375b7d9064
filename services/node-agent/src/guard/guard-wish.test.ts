import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decideGuard, guardRefusal, type GuardInputs, type GuardReadiness } from "./guard-wish.ts";

const inputs = (changes: Partial<GuardInputs> = {}): GuardInputs => ({
  order: { mode: "BpfVeth" },
  config: {},
  datapathPresent: false,
  enforcing: false,
  cleanSinceAttach: false,
  writersKnown: true,
  canRefuse: true,
  ...changes,
});
const clean = { cleanSinceAttach: true };
const guard = (mode: "Off" | "Audit" | "Enforce" | "Strict", auditUntil?: string): Partial<GuardInputs> => ({
  config: { guard: { mode, ...(auditUntil !== undefined && { auditUntil }) } },
});

describe("what the guard should be", () => {
  const cases: [what: string, changes: Partial<GuardInputs>, wish: string][] = [
    ["nothing is known of the order", { order: undefined }, "leave"],
    ["nothing is known of the configuration", { config: undefined }, "leave"],
    ["the node has no order", { order: null }, "off"],
    ["the node is observed", { order: { mode: "Observe" } }, "off"],
    ["it is to be off, and still carries packets", { order: { mode: "None" }, datapathPresent: true }, "leave"],
    ["it is off", { order: { mode: "None" } }, "off"],
    ["it is to be on", {}, "Audit"],
    ["and its rules were clean since the guard is attached", clean, "Enforce"],
    ["and its pods are not known", { ...clean, writersKnown: false }, "Audit"],
    ["the kernel refuses nothing", { canRefuse: false }, "Audit"],
    ["the kernel refuses nothing, and its writers are not known", { canRefuse: false, writersKnown: false }, "leave"],
    ["it drains", { order: { mode: "Drain" }, datapathPresent: true, enforcing: true }, "Enforce"],
    ["rules are found while it enforces", { enforcing: true, datapathPresent: true }, "Enforce"],
    ["auditing is asked for", { ...clean, ...guard("Audit"), enforcing: true }, "Audit"],
    ["strictness is asked for", { ...clean, ...guard("Strict") }, "Strict"],
    ["strictness is asked for while it enforces", { ...guard("Strict"), enforcing: true, datapathPresent: true }, "Strict"],
    ["strictness is asked for, and its rules are not known to be clean", guard("Strict"), "Audit"],
    [
      "strictness is asked for, with break-glass",
      { ...clean, ...guard("Strict", "2026-11-28T09:00:00Z") },
      "Strict until 2026-11-28T09:00:00.000Z",
    ],
    ["no guard is asked for", { ...clean, ...guard("Off"), enforcing: true, datapathPresent: true }, "off"],
    ["break-glass", { ...clean, ...guard("Enforce", "2026-11-28T09:00:00Z") }, "Enforce until 2026-11-28T09:00:00.000Z"],
  ];
  for (const [what, changes, expected] of cases)
    it(`${what}: ${expected}`, () => {
      const wish = decideGuard(inputs(changes));
      const until = wish.kind === "on" && wish.auditUntil !== undefined ? ` until ${new Date(wish.auditUntil).toISOString()}` : "";
      assert.equal(wish.kind === "on" ? `${wish.mode}${until}` : wish.kind, expected);
    });
});

describe("what switching on waits for", () => {
  const ready: GuardReadiness = {
    wish: { kind: "on", mode: "Enforce", auditUntil: undefined },
    canRefuse: true,
    attached: true,
    cleanSinceAttach: true,
    writersKnown: true,
  };
  const cases: [what: string, changes: Partial<GuardReadiness>, refusal: RegExp | undefined][] = [
    ["nothing", {}, undefined],
    ["a guard that is not wanted", { wish: { kind: "off" }, attached: false }, undefined],
    ["a kernel that refuses nothing", { canRefuse: false, attached: false, cleanSinceAttach: false }, undefined],
    ["the attach", { attached: false }, /not attached yet/],
    ["a scan after the attach", { cleanSinceAttach: false }, /read once more/],
    ["the pods", { writersKnown: false }, /list of this node's pods/],
  ];
  for (const [what, changes, refusal] of cases)
    it(what, () => {
      const said = guardRefusal({ ...ready, ...changes });
      if (refusal) assert.match(said ?? "", refusal);
      else assert.equal(said, undefined);
    });
});
