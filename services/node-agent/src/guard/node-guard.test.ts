import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { guardCondition, tamperedCondition } from "./guard-report.ts";
import { NodeGuard } from "./node-guard.ts";
import { fakeGuardKernel, type FakeGuardKernel } from "./testing/fake-guard-kernel.ts";

const SECOND_NS = 1_000_000_000n;
const nothing = (): void => undefined;
const ON = { kind: "on", mode: "Enforce", auditUntil: undefined } as const;

type Led = { readonly guard: NodeGuard; readonly kernel: FakeGuardKernel; pass(seconds: number): void; readonly told: () => number };

/** A guard on a clock of its own, of which nothing is wished yet. */
function unled(): Led {
  const kernel = fakeGuardKernel();
  let nowNs = 1000n * SECOND_NS;
  let told = 0;
  const guard = new NodeGuard({
    pinRoot: path.join(tmpdir(), "no-such-pins"),
    version: "1",
    objects: "",
    namespace: 1,
    bootTimeNs: () => nowNs,
    now: () => Number(nowNs / 1_000_000n),
    logger: { info: nothing, warn: nothing, error: nothing },
    onAttempt: nothing,
    onTampered: () => told++,
    kernel,
  });
  const pass = (seconds: number): void => {
    nowNs += BigInt(seconds) * SECOND_NS;
    guard.attend();
  };
  return { guard, kernel, pass, told: () => told };
}

function led(): Led {
  const life = unled();
  life.guard.reconcile(ON);
  return life;
}

describe("the guard's trial", () => {
  const trials = ({ log }: FakeGuardKernel): number => log.filter((word) => word === "trial").length;
  const condition = ({ guard }: Led): string => {
    const { status, reason } = guardCondition(guard.observe());
    return `${status} ${reason}`;
  };

  it("is made when it is loaded, and again each hour", () => {
    const { kernel, pass } = led();
    assert.equal(trials(kernel), 1);
    pass(3599);
    assert.equal(trials(kernel), 1);
    pass(1);
    assert.equal(trials(kernel), 2);
    pass(3599);
    assert.equal(trials(kernel), 2);
    pass(1);
    assert.equal(trials(kernel), 3);
  });

  for (const [outcome, expected] of [
    ["Failed", "False TrialFailed"],
    ["Unknown", "Unknown TrialUnknown"],
  ] as const)
    it(`that is ${outcome} makes GuardActive ${expected}, and one that passes later makes it well`, () => {
      const life = led();
      assert.equal(condition(life), "True Lsm");
      life.kernel.trial = { outcome, message: "it was written" };
      life.pass(3600);
      assert.equal(condition(life), expected);
      life.guard.reconcile(ON);
      assert.equal(condition(life), expected, "what is wished changes nothing of what was shown");
      life.kernel.trial = { outcome: "Passed", message: "refused" };
      life.pass(3600);
      assert.equal(condition(life), "True Lsm");
    });

  it("that fails after loading takes the programs off, and the next way is tried", () => {
    const { kernel, guard } = unled();
    kernel.trial = { outcome: "Failed", message: "it was written" };
    assert.equal(guard.rung(), "Audit");
    assert.deepEqual(kernel.log, ["load", "trial", "end", "load", "trial", "end"]);
  });
});

describe("meddling with the guard", () => {
  it("is told within ten seconds of pins that went, once for each time", () => {
    const { kernel, pass, told, guard } = led();
    pass(10);
    kernel.missing = ["on_bpf-link"];
    pass(9);
    assert.equal(told(), 0);
    pass(1);
    assert.equal(told(), 1);
    assert.deepEqual(guard.observe().tampered?.pins, ["on_bpf-link"]);
    pass(10);
    assert.equal(told(), 1, "they were made again");
    kernel.missing = ["on_bpf-link"];
    pass(10);
    assert.equal(guard.observe().tampered?.times, 2);
  });

  it("is told at once of tables that were written", () => {
    const { kernel, guard, told } = led();
    kernel.foreign = ["gd_settings"];
    guard.setWriters({ permits: new Map(), scopes: [] });
    assert.equal(told(), 1);
    const [condition] = tamperedCondition(guard.observe(), 1_000_000);
    assert.equal(`${condition?.status} ${condition?.reason}`, "True TablesWritten");
    guard.setWriters({ permits: new Map(), scopes: [] });
    assert.equal(told(), 1);
  });
});
