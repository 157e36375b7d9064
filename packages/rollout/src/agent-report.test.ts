import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type Instant, type NodeRollout } from "@hostrouting/domain";
import { isSilent, SILENT_MS, withReportHeard } from "./agent-report.ts";
import type { NodeObservation } from "./snapshot.ts";

const record = (heard?: NodeRollout["heard"]): NodeRollout =>
  ({ node: "n", uid: "u", phase: "Enabled", ...(heard && { heard }) }) as NodeRollout;
const reporting = (observedAtMs: number | undefined, bootID = "b"): NodeObservation =>
  ({ uid: "u", bootId: "b", report: { nodeUID: "u", bootID, observedAtMs } }) as NodeObservation;
const heard = (observedAtMs: number, at: number): NodeRollout["heard"] => ({ observedAtMs, at: as<Instant>(at) });

describe("when an agent was heard last", () => {
  const now = as<Instant>(50);
  const cases: [what: string, before: NodeRollout["heard"], seen: NodeObservation, after: NodeRollout["heard"]][] = [
    ["is when its first report was seen", undefined, reporting(7), heard(7, 50)],
    ["moves with each new report, whatever the node's clock says", heard(7, 40), reporting(3), heard(3, 50)],
    ["stays while the report is the same", heard(7, 40), reporting(7), heard(7, 40)],
    ["is not moved by a report of an earlier boot", heard(7, 40), reporting(8, "earlier"), heard(7, 40)],
    ["is unknown for a report without a time", undefined, reporting(undefined), undefined],
  ];
  for (const [what, before, seen, after] of cases)
    it(what, () => assert.deepEqual(withReportHeard(record(before), seen, now).heard, after));
});

describe("an agent is silent", () => {
  const cases: [what: string, heard: NodeRollout["heard"], now: number, expected: boolean][] = [
    ["that was never heard", undefined, 0, true],
    ["not within the longest interval", heard(0, 5), 5 + SILENT_MS, false],
    ["after it", heard(0, 5), 6 + SILENT_MS, true],
  ];
  for (const [what, last, now, expected] of cases) it(what, () => assert.equal(isSilent(record(last), as<Instant>(now)), expected));
});
