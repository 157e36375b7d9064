import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeCounters } from "./guard-layout.ts";
import { guardCondition, guardStatus, rulesCondition, tamperedCondition } from "./guard-report.ts";
import type { GuardObservation, Tampering } from "./node-guard.ts";

const NOW = Date.parse("2026-11-28T08:00:00Z");
const shown = (changes: Partial<GuardObservation> = {}): GuardObservation => ({
  rung: "Lsm",
  mode: "Enforce",
  auditUntilMs: undefined,
  counters: decodeCounters(Buffer.alloc(168)),
  trial: { outcome: "Passed", message: "Refused as it must be: nf_tables." },
  tampered: undefined,
  attachedAt: 1,
  fault: undefined,
  ...changes,
});

describe("GuardActive", () => {
  const cases: [what: string, changes: Partial<GuardObservation>, expected: string][] = [
    ["it enforces", {}, "True Lsm"],
    ["it enforces by the other way", { rung: "FmodRet" }, "True FmodRet"],
    ["it is strict", { mode: "Strict" }, "True Lsm"],
    ["it audits", { mode: "Audit" }, "False AuditOnly"],
    ["break-glass", { auditUntilMs: NOW }, "False BreakGlass"],
    ["it is off", { mode: "Off", attachedAt: undefined }, "False Off"],
    ["the kernel refuses nothing, and it tells", { rung: "Audit", mode: "Audit" }, "False Audit"],
    ["the kernel refuses nothing, and it is off", { rung: "Audit", mode: "Off", attachedAt: undefined, trial: undefined }, "False Audit"],
    ["the kernel refuses nothing and shows nothing", { rung: "Audit", trial: { outcome: "Failed", message: "unseen" } }, "False Audit"],
    ["its trial failed", { trial: { outcome: "Failed", message: "can be written" } }, "False TrialFailed"],
    ["its trial could not tell", { trial: { outcome: "Unknown", message: "somebody else" } }, "Unknown TrialUnknown"],
    ["it cannot be brought there", { fault: "EBUSY" }, "Unknown Fault"],
  ];
  for (const [what, changes, expected] of cases)
    it(`${what}: ${expected}`, () => {
      const { status, reason, message } = guardCondition(shown(changes));
      assert.equal(`${status} ${reason}`, expected);
      assert.notEqual(message, "");
    });
});

it("GuardActive says that it tells only while it does", () => {
  const message = (changes: Partial<GuardObservation>): string =>
    guardCondition(shown({ rung: "Audit", mode: "Audit", ...changes })).message;
  assert.match(message({}), /Event AuditedIPTablesRule, and not refused/);
  assert.match(message({ attachedAt: undefined, trial: undefined }), /Nothing tells/);
  assert.match(message({ trial: { outcome: "Failed", message: "not seen" } }), /when a scan finds them: not seen/);
});

it("status.guard has counters only while there are any", () => {
  assert.deepEqual(guardStatus(shown({ auditUntilMs: NOW + 29_000 })), {
    rung: "Lsm",
    mode: "Enforce",
    blocked: 0,
    audited: 0,
    allowed: 0,
    lost: 0,
    auditUntil: "2026-11-28T08:00:00.000Z",
    message: "Nothing is refused until 2026-11-28T08:00:00.000Z, as HostRoutingConfig/default asks for.",
  });
  assert.deepEqual(Object.keys(guardStatus(shown({ counters: undefined }))), ["rung", "mode", "message"]);
});

describe("BlockerTampered", () => {
  const tampered = { pins: ["on_bpf-link"], tables: [], times: 1, atMs: NOW };
  const cases: [what: string, changes: Partial<GuardObservation>, now: number, statuses: string[]][] = [
    ["nothing happened", {}, NOW, ["False"]],
    ["pins were removed just now", { tampered }, NOW + 1, ["True"]],
    ["pins were removed an hour ago", { tampered }, NOW + 60 * 60_000, ["False"]],
    ["the guard is off", { attachedAt: undefined }, NOW, []],
    ["it has no pins, as nobody can refuse", { rung: "Audit" }, NOW, []],
  ];
  it("says what was done, and what that meant", () => {
    const said = (changes: Partial<Tampering>): [string, string] => {
      const [condition] = tamperedCondition(shown({ tampered: { ...tampered, ...changes } }), NOW);
      return [condition?.reason ?? "", condition?.message ?? ""];
    };
    assert.match(said({}).join(" "), /^PinsRemoved Somebody removed on_bpf-link below .* refused rules all the time/);
    assert.match(
      said({ pins: [], tables: ["gd_cgroups"] }).join(" "),
      /^TablesWritten Somebody else wrote into gd_cgroups, .* may have been let through/,
    );
  });
  for (const [what, changes, now, statuses] of cases)
    it(`${what}: ${statuses.join() || "absent"}`, () =>
      assert.deepEqual(
        tamperedCondition(shown(changes), now).map(({ status }) => status),
        statuses,
      ));
});

it("RulesClean is what the last scan found, and unknown is its own answer", () => {
  assert.deepEqual(
    (["Clean", "Dirty", "Unknown"] as const).map((state) => rulesCondition({ state }, "rules").status),
    ["True", "False", "Unknown"],
  );
});
