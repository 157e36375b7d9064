import { mkdtempSync, rmSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStore, type Store } from "@hostrouting/store";
import { Client } from "pg";
import { openBoundedLog } from "../../../infra/dev/bounded-log.ts";
import { preparePostgres } from "../../../infra/dev/postgres.ts";
import { openProcessRecord } from "../../../infra/dev/process-record.ts";
import { openStateFolder } from "../../../infra/dev/state-folder.ts";
import { superviseChild } from "../../../infra/dev/supervised-child.ts";
import { ids, makeCluster, register } from "../../../services/control-plane/src/testing/test-cluster.ts";
import { startTestInstallation, type TestInstallation } from "../../../services/control-plane/src/testing/test-installation.ts";
import { send } from "./load.ts";

/** Clusters that are read and changed, and those that are put back as they are. */
export const CHANGED = 200;
/** Of them none is ever changed. */
export const SAME = 50;
/** Clusters of the list that is paged through. */
export const LISTED = 10_000;
/** Nobody is to wait for a bucket here: what is measured is the work. */
const UNTHROTTLED = "1000000/1000000";
const READY_MS = 20_000;
/** Of a token that outlives the run. */
const AUDIENCE = "https://management.azure.com";

/** What is measured: real processes, a database that waits for its disk, and a caller who may do everything. */
export type Stage = {
  readonly installation: TestInstallation;
  readonly store: Store;
  readonly databaseUrl: string;
  readonly token: string;
  /** Connections to the control plane, kept open. */
  agent(connections: number): Agent;
};

type Database = { readonly url: string; stop(): Promise<void> };

/** A Postgres of this run that waits for its disk, as an installation's does. */
async function startDatabase(): Promise<Database> {
  const state = openStateFolder(mkdtempSync(path.join(tmpdir(), "hostrouting-bench-api-")));
  const runtimeFolder = path.join(state.runtime, "postgres");
  const postgres = await preparePostgres({ dataFolder: state.database, runtimeFolder, durable: true });
  const log = openBoundedLog(path.join(state.logs, "postgres.log"));
  const child = superviseChild(postgres.plan, { record: openProcessRecord(state.processes), log, onCrash: () => undefined });
  const stop = async (): Promise<void> => {
    await child.stop();
    for (const folder of [state.root, state.runtime]) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await postgres.ready(READY_MS);
    await postgres.ensureDatabase("bench");
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: postgres.url("bench"), stop };
}

const named = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** A cluster's row, again and again in another group; lists read no other table. */
const COPY = `insert into managed_cluster
  select (jsonb_populate_record(c, jsonb_build_object('id', replace(c.id, '/lab/', '/many/') || n, 'name', c.name || n, 'resource_group', 'Many', 'resource_group_key', 'many'))).*
  from managed_cluster c, generate_series(1, $2::int) n where c.id = $1`;

/** Clusters of the mix, and a group with very many. */
async function fill(store: Store, databaseUrl: string): Promise<void> {
  await register(
    store,
    ["operated", ...named("changed", CHANGED), ...named("same", SAME)].map((name) => makeCluster(name)),
  );
  await store.directory.registerResourceGroup({ subscriptionId: ids.subscriptionId, displayName: "Many", location: "westeurope" });
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(COPY, [makeCluster("same-0").id, LISTED]);
    await client.query("analyze");
  } finally {
    await client.end();
  }
}

async function signIn(installation: TestInstallation, agent: Agent): Promise<string> {
  const form = { grant_type: "client_credentials", client_id: ids.clientId, client_secret: installation.clientSecret };
  const body = new URLSearchParams({ ...form, scope: `${AUDIENCE}/.default` }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const reply = await send(agent, installation.base, { method: "POST", path: `/${ids.tenantId}/oauth2/v2.0/token`, headers, body });
  const { access_token: token } = JSON.parse(reply.text) as { access_token?: string };
  if (token === undefined) throw new Error(`The authority gave no token: ${reply.status} ${reply.text}`);
  return token;
}

/** Builds the stage, lets `work` use it, and takes everything down. `nodeOptions`: of the control plane's process. */
export async function withStage<T>(nodeOptions: string, work: (stage: Stage) => Promise<T>): Promise<T> {
  const database = await startDatabase();
  const endings: (() => unknown)[] = [() => database.stop()];
  try {
    const store = await openStore(database.url, () => undefined);
    endings.push(() => store.close());
    await fill(store, database.url);
    const throttle = ["READS", "WRITES", "DELETES"].map((kind) => [`HOSTROUTING_THROTTLE_${kind}`, UNTHROTTLED] as const);
    const controlPlane = { ...Object.fromEntries(throttle), ...(nodeOptions !== "" && { NODE_OPTIONS: nodeOptions }) };
    const installation = await startTestInstallation(database.url, { controlPlane });
    endings.push(() => installation.close());
    const agent = (connections: number): Agent => {
      const made = new Agent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });
      endings.push(() => made.destroy());
      return made;
    };
    const token = await signIn(installation, agent(1));
    return await work({ installation, store, databaseUrl: database.url, token, agent });
  } finally {
    for (const end of endings.toReversed()) await end();
  }
}
