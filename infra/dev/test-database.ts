import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openBoundedLog } from "./bounded-log.ts";
import { preparePostgres } from "./postgres.ts";
import { openProcessRecord } from "./process-record.ts";
import { openStateFolder } from "./state-folder.ts";
import { superviseChild } from "./supervised-child.ts";

/** A Postgres of one test run. `url` is its administrator's; tests make and drop databases of their own there. */
export type TestDatabase = { readonly url: string; stop(): Promise<void> };

/** A second; other suites may keep the processors busy. */
const READY_MS = 60_000;

/** Starts a Postgres that keeps nothing and waits for no disk. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const state = openStateFolder(mkdtempSync(path.join(tmpdir(), "hostrouting-test-state-")));
  const postgres = await preparePostgres({
    dataFolder: state.database,
    runtimeFolder: path.join(state.runtime, "postgres"),
    durable: false,
  });
  const log = openBoundedLog(path.join(state.logs, "postgres.log"));
  const child = superviseChild(postgres.plan, { record: openProcessRecord(state.processes), log, onCrash: () => undefined });
  const stop = async (): Promise<void> => {
    await child.stop();
    rmSync(state.root, { recursive: true, force: true });
    rmSync(state.runtime, { recursive: true, force: true });
  };
  try {
    await postgres.ready(READY_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: postgres.url("postgres"), stop };
}
