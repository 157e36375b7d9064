/** `npm run forget-cluster`, `grant-owner` and `verify-audit` as operators run them: processes of their own, over a real database. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { as, type ClusterId, type OperationId } from "@hostrouting/domain";
import { openStore, type Store } from "@hostrouting/store";
import { Client } from "pg";
import { toAuditEventBody } from "./arm/audit-wire.ts";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { makeTestDatabase, type TestDatabase } from "./testing/test-database.ts";

const PERSON = "99999999-9999-4999-8999-999999999999";
const TIMEOUT_MS = 90_000;

let database: TestDatabase;
let store: Store;
let folder: string;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "operator-commands-"));
  database = await makeTestDatabase();
  store = await openStore(database.url, () => undefined);
  await register(store, [makeCluster("lost")]);
});
after(async () => {
  await store.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

type Command = "forget-cluster" | "grant-owner" | "verify-audit";
type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs a command to its end; `url`: where its database is, absent: not said. */
async function run(command: Command, args: readonly string[], url?: string): Promise<Ended> {
  const file = fileURLToPath(new URL(`${command}.ts`, import.meta.url));
  const env = { PATH: process.env["PATH"] ?? "", ...(url !== undefined && { HOSTROUTING_DATABASE_URL: url }) };
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

/** Plays the worker that could not reach the cluster at its last look. */
async function sayUnreachable({ leases, rounds }: Store, id: ClusterId): Promise<void> {
  const round = await rounds.read(id);
  const lease = await leases.acquire(id, "test", TIMEOUT_MS);
  assert.ok(round?.operation && lease);
  const wait = { reason: "ClusterUnreachable", subject: "cluster", since: round.now, until: undefined, message: "m", remedy: "r" } as const;
  const seen = { effectiveMode: "Unknown", state: "Disabled", health: "Unknown", conditions: [], nodeCounts: { total: 0 } } as const;
  const status = { ...seen, waits: [wait], warnings: [], nodes: [], findings: [] };
  const record = { operation: round.operation, nodes: [], status, lookAgainInMs: TIMEOUT_MS, history: [] };
  assert.equal(await rounds.record(id, lease.token, record), "Recorded");
}

/** The whole chain as `auditEvents` exports it, in two pages. */
async function exported(): Promise<readonly { value: ReturnType<typeof toAuditEventBody>[]; head: unknown }[]> {
  const rows = (await store.audit.read(ids.subscriptionId, { afterSequence: 0, limit: 1_000 })).map(toAuditEventBody);
  const head = await store.audit.head(ids.subscriptionId);
  return [
    { value: rows.slice(0, 1), head },
    { value: rows.slice(1), head },
  ];
}

function fileOf(pages: unknown): string {
  const file = path.join(folder, "export.json");
  writeFileSync(file, JSON.stringify(pages));
  return file;
}

test("grant-owner makes somebody Owner, once, and it is audited", async () => {
  const first = await run("grant-owner", [ids.subscriptionId, PERSON], database.url);
  assert.deepEqual([first.code, first.out], [0, `${PERSON} is Owner of ${ids.subscriptionId} now.\n`], first.err);
  const again = await run("grant-owner", [ids.subscriptionId.toUpperCase(), PERSON.toUpperCase(), "User"], database.url);
  assert.deepEqual([again.code, /already/.test(again.out)], [0, true], again.err);
  const scope = `/subscriptions/${ids.subscriptionId}`;
  const given = await store.roleAssignments.list({ tenantId: ids.tenantId, principalId: PERSON, scope, below: false });
  assert.deepEqual(
    given.map(({ principalType, createdBy }) => [principalType, createdBy]),
    [["User", "operator"]],
  );
  const entries = await store.audit.read(ids.subscriptionId, { afterSequence: 0, limit: 1_000 });
  assert.ok(entries.some(({ content }) => content.includes(given[0]?.id ?? "none")));
});

const KNOWN = "--host-routing-stays-as-it-is";
const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const bad: readonly (readonly [name: string, command: Command, args: readonly string[], says: RegExp, noDatabase?: true])[] = [
  ["grant-owner of nobody", "grant-owner", [ids.subscriptionId], /Usage: grant-owner SUBSCRIPTION OBJECT_ID/],
  ["grant-owner of a name", "grant-owner", [ids.subscriptionId, "me@here"], /both ids are GUIDs/],
  ["grant-owner of a group", "grant-owner", [ids.subscriptionId, PERSON, "Group"], /\[User\|ServicePrincipal\]/],
  ["grant-owner without a database", "grant-owner", [ids.subscriptionId, PERSON], /HOSTROUTING_DATABASE_URL/, true],
  [
    "grant-owner of an unknown subscription",
    "grant-owner",
    [UNKNOWN, PERSON],
    /no subscription 00000000\S+\. Register the subscription first/,
  ],
  ["forget-cluster of nothing", "forget-cluster", [], /Usage: forget-cluster RESOURCE_ID/],
  ["forget-cluster without saying that one knows", "forget-cluster", [makeCluster("lost").id], /--host-routing-stays-as-it-is/],
  ["forget-cluster of nobody", "forget-cluster", [makeCluster("nobody").id, KNOWN], /There is no cluster .*nobody\. Give the resource id/],
  ["forget-cluster of one that stays", "forget-cluster", [makeCluster("lost").id, KNOWN], /is not being deleted\. Delete it/],
  ["verify-audit of nothing", "verify-audit", [], /Usage: verify-audit SUBSCRIPTION/],
  ["verify-audit without a database", "verify-audit", [ids.subscriptionId], /HOSTROUTING_DATABASE_URL/, true],
  ["verify-audit of an unknown subscription", "verify-audit", [UNKNOWN], /no subscription 00000000.*\. Check the id/],
  ["verify-audit of no id", "verify-audit", ["mine"], /SUBSCRIPTION is a GUID/],
  ["verify-audit of a file that is not there", "verify-audit", [ids.subscriptionId, "/nowhere.json"], /nowhere\.json/, true],
];
for (const [name, command, args, says, noDatabase] of bad)
  test(`refused: ${name}`, async () => {
    const { code, out, err } = await run(command, args, noDatabase === true ? undefined : database.url);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, says);
    assert.doesNotMatch(err, /\n\s+at /, "no stack: an operator reads it");
  });

test("forget-cluster forgets a cluster that is out of reach while it is deleted, says what it did not do, and it is audited", async () => {
  const { id } = makeCluster("lost");
  const operationId = as<OperationId>(randomUUID());
  const begin = { id: operationId, kind: "DeleteManagedCluster", mode: "None", generation: 2, tenantId: "t", objectId: "o" } as const;
  await store.clusters.change(id, (locked) => {
    assert.ok(locked);
    return { result: 0, change: { cluster: { ...locked.cluster, activeOperationId: operationId }, begin, history: [] } };
  });
  const reachable = await run("forget-cluster", [id, KNOWN], database.url);
  assert.deepEqual([reachable.code, /does not wait/.test(reachable.err)], [1, true], reachable.err);
  await sayUnreachable(store, id);
  const { code, out, err } = await run("forget-cluster", [id, KNOWN], database.url);
  assert.deepEqual([code, /HOST ROUTING WAS NOT SWITCHED OFF/.test(out)], [0, true], err);
  assert.equal(await store.clusters.get(id), undefined);
  assert.equal((await store.operations.find(operationId))?.operation.error?.code, "ClusterForgotten");
  const last = (await store.audit.read(ids.subscriptionId, { afterSequence: 0, limit: 1_000 })).at(-1);
  assert.match(last?.content ?? "", /managedClusters\/delete.*managedclusters\/lost.*Accepted/i);
});

test("verify-audit finds a file that is no export, and says so", async () => {
  for (const pages of ["no pages", [{}], { value: [{ sequence: 1 }] }]) {
    const { code, err } = await run("verify-audit", [ids.subscriptionId, fileOf(pages)]);
    assert.deepEqual([code, /is no export of an audit.*\. Give the pages/s.test(err)], [1, true], err);
  }
});

test("verify-audit finds a whole chain whole, in the database and exported, and another subscription's not", async () => {
  const { sequence, hash } = await store.audit.head(ids.subscriptionId);
  const said = `The audit of ${ids.subscriptionId} is whole: ${sequence} entries, the last with hash ${hash}.\n`;
  for (const ended of [
    await run("verify-audit", [ids.subscriptionId], database.url),
    await run("verify-audit", [ids.subscriptionId, fileOf(await exported())]),
  ])
    assert.deepEqual(ended, { code: 0, out: said, err: "" });
  const other = await run("verify-audit", [UNKNOWN, fileOf(await exported())]);
  assert.deepEqual([other.code, other.out.includes("whole")], [1, false]);
});

test("verify-audit names the first entry that is wrong: changed in an export, or in the database past its triggers", async () => {
  const [first, second] = await exported();
  const changed = second?.value.map((event, index) => (index === 0 ? { ...event, time: "2020-01-01T00:00:00.000Z" } : event));
  const inFile = await run("verify-audit", [ids.subscriptionId, fileOf([first, { ...second, value: changed }])]);
  assert.deepEqual([inFile.code, /\b2\b/.test(inFile.out)], [1, true], inFile.out + inFile.err);
  const cut = await run("verify-audit", [ids.subscriptionId, fileOf([first])]);
  assert.equal(cut.code, 1, "the end is missing");
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query("alter table audit disable trigger all");
  await client.query("update audit set content = replace(content, 'Accepted', 'Refused') where seq = 2");
  await client.end();
  const inDatabase = await run("verify-audit", [ids.subscriptionId], database.url);
  assert.deepEqual([inDatabase.code, inDatabase.err, /\b2\b/.test(inDatabase.out)], [1, "", true], inDatabase.out);
});
