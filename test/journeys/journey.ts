import { test, type TestContext } from "node:test";
import { DISABLE_TIMEOUT_MS } from "./expectations.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** The worker's first round after a start, on a busy machine. */
const FIRST_LOOK_MS = 30_000;

/** A test on the stage that starts from a cluster that is switched off, whatever became of the journey before it. */
export function journey(stage: Stage, name: string, run: (context: TestContext) => Promise<void>): void {
  test(name, async (context) => {
    await returnToStart(stage);
    await run(context);
  });
}

async function returnToStart(stage: Stage): Promise<void> {
  const { desiredMode, state } = await until("somebody to have looked at the cluster", FIRST_LOOK_MS, async () => {
    const { properties } = await stage.arm.hostRouting();
    return properties.state !== "Unknown" && properties;
  });
  if (desiredMode !== "None") await stage.arm.settle(await stage.arm.setMode("None"), DISABLE_TIMEOUT_MS);
  else if (state !== "Disabled") throw new Error(`the cluster is to be off and is ${state}`);
}
