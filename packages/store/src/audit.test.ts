import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Instant } from "@hostrouting/domain";
import type { AuditEntry } from "./audit.ts";
import { beginning, makeTestStore, SUBSCRIPTION, type TestStore } from "./testing/test-store.ts";
import { verifyAudit, type AuditHead, type AuditRow } from "./verify-audit.ts";

let tested: TestStore;
before(async () => {
  tested = await makeTestStore();
});
after(() => tested.close());

const entry = (action: string): AuditEntry => ({
  subscriptionId: SUBSCRIPTION.toUpperCase(),
  principal: { tenantId: "t", objectId: "o", name: "jö@x", type: "User" },
  action,
  scope: "/subscriptions/s",
  outcome: "Refused",
  status: 403,
  code: "AuthorizationFailed",
  requestId: "r",
  correlationId: "c",
  clientRequestId: undefined,
});

async function chain(): Promise<{ rows: AuditRow[]; head: AuditHead }> {
  const rows = await tested.store.audit.read(SUBSCRIPTION, { afterSequence: 0, limit: 1_000 });
  return { rows, head: await tested.store.audit.head(SUBSCRIPTION) };
}

test("entries of many writers at once are one chain without gaps, which the verifier finds whole", async () => {
  await Promise.all(Array.from({ length: 40 }, (_, n) => tested.store.audit.append(entry(`a${n}`))));
  const { rows, head } = await chain();
  assert.deepEqual(
    rows.map((row) => row.sequence),
    Array.from({ length: 40 }, (_, n) => n + 1),
  );
  assert.equal(verifyAudit({ subscriptionId: SUBSCRIPTION, rows, head }), undefined);
  const middle = { subscriptionId: SUBSCRIPTION, rows: rows.slice(10), from: rows[9] as AuditRow, head };
  assert.equal(verifyAudit(middle), undefined);
  const contents = rows.map(({ content }) => JSON.parse(content) as { action: string });
  assert.equal(new Set(contents.map(({ action }) => action)).size, 40);
  assert.deepEqual(
    contents.find(({ action }) => action === "a0"),
    {
      ...{ tenantId: "t", objectId: "o", name: "jö@x", principalType: "User" },
      ...{ action: "a0", scope: "/subscriptions/s", outcome: "Refused", status: 403, code: "AuthorizationFailed" },
      ...{ requestId: "r", correlationId: "c", clientRequestId: null, omitted: 0 },
    },
  );
});

const at = (rows: readonly AuditRow[], index: number): AuditRow => rows[index] ?? assert.fail();
const changed = (rows: readonly AuditRow[], index: number, change: Partial<AuditRow>): AuditRow[] =>
  rows.map((row, place) => (place === index ? { ...row, ...change } : row));
const swapped = (rows: readonly AuditRow[]): AuditRow[] =>
  rows.map((row, place) => (place === 6 ? at(rows, 7) : place === 7 ? at(rows, 6) : row));
/** What somebody did to a chain of 40, and where it shows. */
const tamperings: readonly (readonly [
  name: string,
  tamper: (rows: readonly AuditRow[]) => readonly AuditRow[],
  kind: string,
  sequence: number,
])[] = [
  ["another word in an entry", (rows) => changed(rows, 6, { content: at(rows, 6).content.replace("Refused", "Accepted") }), "Changed", 7],
  ["another time", (rows) => changed(rows, 6, { at: (at(rows, 6).at + 1) as Instant }), "Changed", 7],
  ["another hash", (rows) => changed(rows, 6, { hash: "f".repeat(64) }), "Changed", 7],
  ["an entry taken out", (rows) => rows.toSpliced(6, 1), "Missing", 7],
  [
    "an entry taken out and the rest renumbered",
    (rows) => rows.toSpliced(6, 1).map((row, place) => ({ ...row, sequence: place + 1 })),
    "Changed",
    7,
  ],
  ["two entries exchanged", swapped, "Reordered", 7],
  ["two entries exchanged and renumbered", (rows) => swapped(rows).map((row, place) => ({ ...row, sequence: place + 1 })), "Changed", 7],
  ["the first entry gone", (rows) => rows.slice(1), "Missing", 1],
  ["the last entries cut off", (rows) => rows.slice(0, 38), "CutOff", 39],
  ["all of it gone", () => [], "CutOff", 1],
];
for (const [name, tamper, kind, sequence] of tamperings)
  test(`tampering is found: ${name}`, async () => {
    const { rows, head } = await chain();
    const fault = verifyAudit({ subscriptionId: SUBSCRIPTION, rows: tamper(rows.slice(0, 40)), head: rows[39] ?? head });
    assert.deepEqual([fault?.kind, fault?.sequence], [kind, sequence]);
  });

test("a chain is no other subscription's", async () => {
  const { rows, head } = await chain();
  assert.equal(verifyAudit({ subscriptionId: "22222222-2222-4222-8222-222222222222", rows, head })?.kind, "Changed");
});

test("the database refuses to change, remove or empty what was written, and to turn a chain back", async () => {
  for (const statement of [
    "update audit set content = '{}' where seq = 3",
    "delete from audit where seq = 3",
    "truncate audit",
    "delete from audit_chain",
    "truncate audit_chain",
    "update audit_chain set seq = seq - 1",
    "update audit_chain set seq = seq",
  ])
    await assert.rejects(tested.sql(statement), /audit/, statement);
  const { rows, head } = await chain();
  assert.equal(verifyAudit({ subscriptionId: SUBSCRIPTION, rows, head }), undefined);
});

test("a subscription that is not known gets no chain", async () => {
  const unknown = "99999999-9999-4999-8999-999999999999";
  await tested.store.audit.append({ ...entry("x"), subscriptionId: unknown });
  assert.deepEqual(
    [await tested.store.audit.read(unknown, { afterSequence: 0, limit: 9 }), (await tested.store.audit.head(unknown)).sequence],
    [[], 0],
  );
});

test("the entry of a change stands and falls with it; a request that changed nothing has none", async () => {
  const sequence = async (): Promise<number> => (await tested.store.audit.head(SUBSCRIPTION)).sequence;
  const start = await sequence();
  const { change } = tested.store.clusters;
  await change(tested.clusterId, () => ({ result: 0 }), entry("nothing"));
  assert.equal(await sequence(), start);
  await change(tested.clusterId, () => ({ change: beginning(), result: 0 }), entry("change"));
  assert.equal(await sequence(), start + 1);
  // A second operation is refused by the database: its entry must be gone with it.
  await assert.rejects(change(tested.clusterId, () => ({ change: beginning(), result: 0 }), entry("lost")));
  assert.equal(await sequence(), start + 1);
});

test("a trial writes nothing and holds no chain: others write on meanwhile", async () => {
  const before = (await chain()).head.sequence;
  await tested.store.trial(async ({ store }) => {
    await store.audit.append(entry("trial"));
    assert.equal((await store.audit.head(SUBSCRIPTION)).sequence, before);
    await tested.store.audit.append(entry("meanwhile"));
  });
  assert.equal((await chain()).head.sequence, before + 1);
});
