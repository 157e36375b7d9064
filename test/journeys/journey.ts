import { test, type TestContext } from "node:test";
import { disable, enable } from "./expectations.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** The worker's first round after a start, on a busy machine. */
const FIRST_LOOK_MS = 30_000;

/** What a journey finds. */
type Start = "Disabled" | "Enabled";

type Run = (context: TestContext) => Promise<void>;

/** A test on the stage that finds the cluster switched off, whatever became of the journey before it. */
export function journey(stage: Stage, name: string, run: Run): void {
  journeyFrom("Disabled", stage, { name, run });
}

/** The same for a journey of a cluster that is on: those that follow one another need no switch between them. */
export function journeyWhileOn(stage: Stage, name: string, run: Run): void {
  journeyFrom("Enabled", stage, { name, run });
}

function journeyFrom(start: Start, stage: Stage, { name, run }: { name: string; run: Run }): void {
  test(name, async (context) => {
    await comeToStart(stage, start);
    await run(context);
  });
}

async function comeToStart(stage: Stage, start: Start): Promise<void> {
  const state = await settledState(stage);
  if (state === start) return;
  await (start === "Enabled" ? enable(stage) : disable(stage));
  const reached = await settledState(stage);
  if (reached !== start) throw new Error(`the cluster is to be ${start} and is ${reached}`);
}

/** Where the cluster stands, asked of somebody who has looked; `Enabled` and `Disabled` are places to stay. */
function settledState(stage: Stage): Promise<string> {
  return until("somebody to have looked at the cluster", FIRST_LOOK_MS, async () => {
    const { state } = (await stage.arm.hostRouting()).properties;
    return state !== "Unknown" && state;
  });
}
