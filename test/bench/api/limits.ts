/** What nothing built on these parts can be faster than: Fastify that answers without asking anybody, and Postgres with nobody before it. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { ClusterId } from "@hostrouting/domain";
import type { Store } from "@hostrouting/store";
import { Client } from "pg";
import { randomUUID } from "node:crypto";
import { clusterIdOf } from "../../../services/control-plane/src/arm/resource-ids.ts";
import { freePort, startProcess } from "../../../services/control-plane/src/testing/child-process.ts";
import { ids, TESTER } from "../../../services/control-plane/src/testing/test-cluster.ts";
import { closedLoop, send, type Shot } from "./load.ts";
import type { Stage } from "./stage.ts";

/** `name`: of one that each connection keeps. */
type Statement = { readonly name?: string; readonly text: string; readonly values: readonly unknown[] };
type Round = { readonly connections: number; readonly forMs: number };

/** A bare Fastify that answers with the same bytes, already warm. */
export type BareFastify = { perSecond(forMs: number): Promise<number>; end(): Promise<unknown> };

/** Starts it, and asks it for as long as `warm` says. */
export async function startFastify(stage: Stage, next: (number: number) => Shot, warm: Round): Promise<BareFastify> {
  const port = await freePort();
  const folder = path.dirname(stage.installation.caFile);
  const replyFile = path.join(folder, "reply.json");
  writeFileSync(replyFile, (await send(stage.agent(1), stage.installation.base, next(0))).text);
  const server = await startProcess("test/bench/api/bare-server.ts", {
    BENCH_PORT: String(port),
    BENCH_CERT_FILE: path.join(folder, "cert.pem"),
    BENCH_KEY_FILE: path.join(folder, "key.pem"),
    BENCH_REPLY_FILE: replyFile,
  });
  const agent = stage.agent(warm.connections);
  const perSecond = (forMs: number): Promise<number> => {
    const until = performance.now() + forMs;
    const load = { connections: warm.connections, next, isOver: () => performance.now() > until };
    return closedLoop(agent, `https://localhost:${port}`, load);
  };
  try {
    await perSecond(warm.forMs);
  } catch (error) {
    await server.end();
    throw error;
  }
  return { perSecond, end: () => server.end() };
}

/** The statements that `work` sends, with their parameters; so they are those of the store, whatever becomes of it. */
async function recorded(work: () => Promise<unknown>): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  const { query } = Client.prototype;
  Client.prototype.query = function recording(this: Client, ...given: unknown[]): unknown {
    const [first, values] = given;
    const { name, text, values: own } = (typeof first === "string" ? { text: first, values } : first) as Partial<Statement>;
    if (text !== undefined) statements.push({ ...(name !== undefined && { name }), text, values: Array.isArray(own) ? own : [] });
    return Reflect.apply(query, this, given);
  } as typeof query;
  try {
    await work();
  } finally {
    Client.prototype.query = query;
  }
  return statements;
}

/** What a request asks the database for before it is decided; a read, with it, for what it shows. */
async function judge(store: Store, scope: ClusterId, isRead: boolean): Promise<void> {
  const grants = { tenantId: ids.tenantId, principalId: TESTER, scope, below: false };
  const cluster = isRead ? scope : undefined;
  await store.directory.scope({ subscriptionId: ids.subscriptionId, resourceGroup: "Lab", grants, cluster });
}

const clusterOf = (n: number) => clusterIdOf({ subscriptionId: ids.subscriptionId, resourceGroup: "Lab", name: `changed-${n}` });

/** Statements of a GET of a cluster. */
export function statementsOfGet(store: Store, n: number): Promise<readonly Statement[]> {
  return recorded(() => judge(store, clusterOf(n), true));
}

/** Statements of a PUT that changes tags, with the entry of the audit. */
export function statementsOfPut(store: Store, n: number): Promise<readonly Statement[]> {
  const id = clusterOf(n);
  const principal = { tenantId: ids.tenantId, objectId: TESTER, name: TESTER, type: "Application" as const };
  const what = { subscriptionId: ids.subscriptionId, principal, action: "Microsoft.ContainerService/managedClusters/write", scope: id };
  const request = { requestId: randomUUID(), correlationId: randomUUID(), clientRequestId: undefined };
  return recorded(async () => {
    await judge(store, id, false);
    await store.clusters.change(
      id,
      (locked) => {
        if (locked === undefined) throw new Error(`${id} is not registered`);
        const cluster = { ...locked.cluster, tags: { n: "limit" } };
        return { result: undefined, change: { cluster, history: [{ kind: "ClusterChanged", data: { generation: 1, by: TESTER } }] } };
      },
      { ...what, ...request, outcome: "Accepted" },
    );
  });
}

/** The same statements with none kept by its connection: the server reads and plans each of them every time. */
export function unprepared(statements: readonly Statement[]): readonly Statement[] {
  return statements.map(({ text, values }) => ({ text, values }));
}

/** How often a second the statements are done, each connection with those of a cluster of its own; kept by it where the store's connections keep them. */
export async function measurePostgres(databaseUrl: string, all: readonly (readonly Statement[])[], forMs: number): Promise<number> {
  const clients = await Promise.all(
    all.map(async () => {
      const client = new Client({ connectionString: databaseUrl });
      await client.connect();
      return client;
    }),
  );
  try {
    const begun = performance.now();
    let done = 0;
    const one = async (client: Client, statements: readonly Statement[]): Promise<void> => {
      for (; performance.now() - begun < forMs; done += 1)
        for (const { values, ...statement } of statements) await client.query({ ...statement, values: [...values] });
    };
    await Promise.all(clients.map((client, n) => one(client, all[n] ?? [])));
    return (done * 1000) / (performance.now() - begun);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}
