import assert from "node:assert/strict";
import type { AzureCli } from "./azure-cli.ts";
import type { Line } from "./line.ts";
import type { RequestRecord } from "./request-record.ts";

/** Where a line runs: an az, what reaches the control plane of it, and what stands for names in braces. */
export type LineStage = {
  readonly cli: AzureCli;
  readonly record: RequestRecord;
  readonly values: Readonly<Record<string, string>>;
};

/** Puts values for names in braces; names that have none stay, since az has some of its own. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Runs one line and holds it to what is expected of it. @throws AssertionError with all that it said */
export async function runLine(line: Line, { cli, record, values }: LineStage): Promise<void> {
  await record.begin();
  const { code, stdout, stderr } = await cli.run(fillIn(line.az, values));
  const said = `az ${line.az} ended with ${code}\n${stdout}\n${stderr}`;
  const requests = await record.requests();
  assert.deepEqual({ exit: code, requests }, { exit: line.exit ?? 0, requests: line.requests }, said);
  if (line.prints !== undefined) assert.match(stdout, line.prints);
  if (line.returns !== undefined) assert.deepEqual(JSON.parse(stdout), line.returns);
  if (line.tells !== undefined) assert.match(stderr, line.tells);
}
