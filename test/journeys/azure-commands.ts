import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Line } from "../az/line.ts";
import { fillIn, runLine, type LineStage } from "../az/run-line.ts";
import {
  abortLines,
  beginLine,
  deployOnLine,
  everyLine,
  flagLines,
  onLines,
  patchOffLine,
  readingLines,
  updateOffLine,
} from "./azure-lines.ts";
import { expectDisabled, expectEnabled, someNodeInFlight } from "./expectations.ts";
import { journey } from "./journey.ts";
import { expectServed } from "./fetched-kubeconfig.ts";
import { printedAz } from "./printed-az.ts";
import type { Stage } from "./stage.ts";
import { ALL_AT_ONCE, withPolicy } from "./with-policy.ts";

/** Each line as a test of its own, in order; those after one that failed are not run. */
export async function runLines(context: TestContext, az: LineStage, lines: readonly Line[]): Promise<void> {
  for (const line of lines) {
    let failed: unknown;
    await context.test(`az ${line.az}`, () => runLine(line, az).catch((error: unknown) => Promise.reject((failed = error))));
    if (failed !== undefined) throw new Error(`az ${line.az} failed, what follows was not run`);
  }
}

/** Every line of az, unmodified, that this product is for, against the whole of it. */
export function azureCommands(stage: Stage, az: () => Promise<LineStage>): void {
  test("the lines that npm start prints sign az in, and every other that it prints is run here", async () => {
    const { values } = await az();
    const run = everyLine.map((line) => `az ${fillIn(line.az, values)}`);
    assert.deepEqual(
      printedAz(stage).commands.filter((command) => !run.includes(command)),
      [],
    );
  });

  journey(stage, "az reads the cluster of npm start, fetches its kubeconfig, and each flag stores what it says", async (t) => {
    const signedIn = await az();
    await runLines(t, signedIn, readingLines);
    for (const context of ["lab", "lab-admin"]) await expectServed({ cli: signedIn.cli, context, folder: stage.stateDir });
    await runLines(t, signedIn, flagLines);
  });

  journey(stage, "az switches every node on and off: aks update, resource patch and update, a template", async (t) => {
    const signedIn = await az();
    await withPolicy(stage, ALL_AT_ONCE, async () => {
      await runLines(t, signedIn, onLines);
      await expectEnabled(stage);
      await runLines(t, signedIn, [patchOffLine]);
      await expectDisabled(stage);
      await runLines(t, signedIn, [deployOnLine]);
      await expectEnabled(stage);
      await runLines(t, signedIn, [updateOffLine]);
      await expectDisabled(stage);
    });
  });

  journey(stage, "az calls off a rollout that has begun with a node, and takes back what it did", async (t) => {
    const signedIn = await az();
    await runLines(t, signedIn, [beginLine]);
    await someNodeInFlight(stage, ["Switching", "Verifying", "Confirming", "Soaking", "Enabled"]);
    await runLines(t, signedIn, abortLines);
    await expectDisabled(stage);
  });
}
