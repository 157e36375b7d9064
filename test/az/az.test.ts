/** Azure CLI 2.91, unmodified, against the real processes: each line's exit code, what it prints, and what reaches the control plane in which order. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AzureCli, Ended } from "./azure-cli.ts";
import { clusterLines } from "./cluster-lines.ts";
import type { Line } from "./line.ts";
import { resourceLines } from "./resource-lines.ts";
import { signInLines } from "./sign-in-lines.ts";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;
let cli: AzureCli;

/** As arm-contract C1 has it: the cloud is known, nobody has signed in. */
async function withCloud(): Promise<AzureCli> {
  const fresh = stage.newCli();
  const registered = await fresh.run(`cloud register -n LocalArm --endpoint-resource-manager ${stage.values["base"]}`);
  assert.equal(registered.code, 0, registered.stderr);
  assert.equal((await fresh.run("cloud set -n LocalArm")).code, 0);
  return fresh;
}

before(async () => {
  stage = await openStage();
  stage.record.begin();
  cli = await withCloud();
  assert.deepEqual(stage.record.requests(), ["GET metadata"]);
});
after(() => stage?.close());

const filledIn = (line: string): string => line.replaceAll(/\{(\w+)\}/g, (whole, name: string) => stage.values[name] ?? whole);

function judge(line: Line, ended: Ended): void {
  const said = `${ended.stdout}\n${ended.stderr}`;
  assert.deepEqual({ exit: ended.code, requests: stage.record.requests() }, { exit: line.exit ?? 0, requests: line.requests }, said);
  if (line.prints !== undefined) assert.match(ended.stdout, line.prints);
  if (line.tells !== undefined) assert.match(ended.stderr, line.tells);
}

for (const line of [...signInLines, ...clusterLines, ...resourceLines])
  test(`az ${line.az}`, async () => {
    const own = line.isFresh === true ? await withCloud() : cli;
    stage.record.begin();
    judge(line, await own.run(filledIn(line.az)));
  });
