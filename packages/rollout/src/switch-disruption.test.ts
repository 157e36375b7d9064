import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type Instant, type NodeRollout, type SwitchDisruption } from "@hostrouting/domain";
import type { DisruptionFigures, NodeObservation, NodeReport } from "./snapshot.ts";
import { withDisruption } from "./switch-disruption.ts";

const now = as<Instant>(1_000);
const ahead: SwitchDisruption = { operationId: "op", attempt: 1, step: "On", at: now, expectedAtMost: 12 };
const record = (phase: NodeRollout["phase"], disruption?: SwitchDisruption): NodeRollout =>
  ({ node: "n1", uid: "u", phase, attempt: 1, switchGeneration: 3, ...(disruption && { disruption }) }) as NodeRollout;
const figures = (step: DisruptionFigures["step"], watchedSeconds: number): DisruptionFigures =>
  ({ step, watchedSeconds, byReason: { reset: 2, timeout: 1, connectFailure: 9 } }) as DisruptionFigures;
const seen = (report: Partial<NodeReport>): NodeObservation =>
  ({
    uid: "u",
    bootId: "b",
    report: { nodeUID: "u", bootID: "b", observedGeneration: 3, effectiveMode: "BpfVeth", ...report },
  }) as NodeObservation;
const known = { state: "Known", longLived: 12, message: "" } as const;
const counted = (isFinal: boolean): SwitchDisruption => ({ ...ahead, measured: { reset: 2, timeout: 1, isFinal } });

type Case = { before: NodeRollout; after?: NodeRollout; report: Partial<NodeReport>; expected: SwitchDisruption | undefined };

const cases: Readonly<Record<string, Case>> = {
  "nothing before a switch": { before: record("Pending"), after: record("Installing"), report: { census: known }, expected: undefined },
  "the census when the node is asked": {
    before: record("Installing"),
    after: record("Switching"),
    report: { census: known, effectiveMode: "Legacy" },
    expected: ahead,
  },
  "no number where nobody counts": {
    before: record("Installing"),
    after: record("Switching"),
    report: { effectiveMode: "Legacy" },
    expected: { operationId: "op", attempt: 1, step: "On", at: now },
  },
  "the next attempt over the last": {
    before: record("Installing", { ...counted(true), attempt: 0 }),
    after: record("Switching", { ...counted(true), attempt: 0 }),
    report: { census: known, effectiveMode: "Legacy" },
    expected: ahead,
  },
  "the way back as a switch of its own": {
    before: record("Enabled", counted(true)),
    after: record("Detaching", counted(true)),
    report: { census: known },
    expected: { ...ahead, step: "Off" },
  },
  "nothing of a way back from the stack": {
    before: record("Switching", ahead),
    after: record("Detaching", ahead),
    report: { census: known, effectiveMode: "Legacy" },
    expected: ahead,
  },
  "no figures of before the order": {
    before: record("Switching", ahead),
    report: { observedGeneration: 2, disruption: figures("Confirm", 60) },
    expected: ahead,
  },
  "no figures of the other direction": {
    before: record("Switching", ahead),
    report: { disruption: figures("Detach", 60) },
    expected: ahead,
  },
  "figures so far": { before: record("Verifying", ahead), report: { disruption: figures("On", 60) }, expected: counted(false) },
  "figures that are final": { before: record("Enabled", ahead), report: { disruption: figures("Confirm", 60) }, expected: counted(true) },
  "figures of a node that let go": {
    before: record("Disabled", { ...ahead, step: "Off" }),
    report: { effectiveMode: "Legacy", disruption: figures("Detach", 1) },
    expected: { ...counted(true), step: "Off" },
  },
  "nothing after the final ones": {
    before: record("Enabled", counted(true)),
    report: { disruption: { ...figures("Confirm", 60), byReason: { reset: 7, timeout: 0, connectFailure: 0 } } },
    expected: counted(true),
  },
};

describe("what is kept of a switch's disruption", () => {
  for (const [what, { before, after = before, report, expected }] of Object.entries(cases))
    it(`is ${what}`, () => {
      const kept = withDisruption({ record: after, seen: seen(report) }, { before, operationId: "op", now });
      assert.deepEqual(kept.disruption, expected);
    });
});
