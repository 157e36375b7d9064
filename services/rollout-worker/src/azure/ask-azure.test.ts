import assert from "node:assert/strict";
import { test } from "node:test";
import type { AksAnswer, AksChange, AksCluster, AksView } from "@hostrouting/azure";
import { as, type AzureChange, type Instant, type ManagedCluster, type Operation } from "@hostrouting/domain";
import { afterAnswer } from "./ask-azure.ts";
import type { AzureBudget, AzurePool } from "./azure-pool.ts";
import { lookAtAzure, type AzureMemory } from "./look-at-azure.ts";

const now = as<Instant>(1_000_000);
const before: AzureChange = { step: "Putting", etag: "7", since: now };
const held = (reason: "AzureBusy" | "AzureThrottled", ms: number) => ({ ...before, held: { reason, message: "m", until: now + ms } });
const answers: readonly (readonly [answer: AksAnswer<AksChange>, after: unknown])[] = [
  [
    { kind: "Said", value: { operation: "/o", writesLeft: 3 } },
    { ...before, step: "Following", operation: "/o" },
  ],
  [
    { kind: "Said", value: { operation: undefined, writesLeft: undefined } },
    { ...before, step: "Following" },
  ],
  [{ kind: "Changed", message: "m" }, null],
  [{ kind: "Busy", message: "m" }, held("AzureBusy", 30_000)],
  [{ kind: "Throttled", message: "m", retryInMs: 17_000 }, held("AzureThrottled", 17_000)],
  [
    { kind: "Refused", httpStatus: 403, code: "RequestDisallowedByPolicy", message: "m" },
    { ...before, step: "Ended", error: { code: "RequestDisallowedByPolicy", message: "m" } },
  ],
  [{ kind: "Unknown", message: "m" }, undefined],
];
for (const [answer, after] of answers)
  test(`after ${JSON.stringify(answer)} the change is ${JSON.stringify(after)}`, () =>
    assert.deepEqual(afterAnswer(answer, before, now), after));

const view: AksView = { mode: "None", etag: "7", provisioningState: "Updating", poolStates: {}, nodeResourceGroup: "" };
const cluster = { subscriptionId: "s" } as ManagedCluster;
const following = { control: { azure: { step: "Following", etag: "7", since: now, operation: "/o" } } } as unknown as Operation;

/** A pool whose cluster answers as given, and what it was asked. */
function poolOf(given: Partial<AksCluster>): { readonly pool: AzurePool; readonly asked: string[]; readonly budget: AzureBudget } {
  const asked: string[] = [];
  const budget: AzureBudget = {};
  const aks = new Proxy(given as AksCluster, {
    get: (target, name) => {
      asked.push(String(name));
      return Reflect.get(target, name) as unknown;
    },
  });
  return { pool: { freshMs: 15_000, get: () => aks, budget: () => budget }, asked, budget };
}

const memory = (): AzureMemory => ({ seen: undefined, at: undefined, hasRights: false });
const read = async (): Promise<AksAnswer<AksView>> => ({ kind: "Said", value: view });

test("what is fresh is not asked for again, and what is not is", async () => {
  const { pool, asked } = poolOf({ read });
  const kept = memory();
  const question = { cluster, operation: { control: {} } as Operation, wantsRights: false };
  for (const ms of [0, 14_999, 15_000]) await lookAtAzure(pool, { ...question, now: as<Instant>(now + ms) }, kept);
  assert.deepEqual(asked, ["read", "read"]);
});

test("a preflight asks for locks and rights at once, also where the cluster was seen a moment ago", async () => {
  const { pool, asked } = poolOf({ read, readRights: async () => ({ kind: "Said", value: { locks: [], missingActions: [] } }) });
  const kept = memory();
  const operation = { control: {} } as Operation;
  await lookAtAzure(pool, { cluster, operation, wantsRights: false, now }, kept);
  for (let round = 0; round < 2; round += 1) {
    const { facts } = await lookAtAzure(pool, { cluster, operation, wantsRights: true, now }, kept);
    assert.ok(facts.known && facts.value.locks.known);
  }
  assert.deepEqual(asked, ["read", "read", "readRights"]);
});

test("a subscription that Azure throttles is left alone by all its clusters until Azure said", async () => {
  const { pool, asked, budget } = poolOf({ read: async () => ({ kind: "Throttled", message: "slow down", retryInMs: 20_000 }) });
  const question = { cluster, operation: undefined, wantsRights: false };
  assert.equal((await lookAtAzure(pool, { ...question, now }, memory())).look.kind, "Unseen");
  assert.equal(budget.blockedUntil, now + 20_000);
  const other = await lookAtAzure(pool, { ...question, now: as<Instant>(now + 19_999) }, memory());
  assert.deepEqual([other.look.kind === "Unseen" && other.look.reason, asked], ["AzureThrottled", ["read"]]);
});

const operations: readonly (readonly [answer: Awaited<ReturnType<AksCluster["readOperation"]>>, operation: unknown])[] = [
  [{ kind: "Said", value: { status: "InProgress" } }, { status: "InProgress" }],
  [{ kind: "Refused", httpStatus: 404, code: "NotFound", message: "m" }, undefined],
];
for (const [answer, operation] of operations)
  test(`an operation of which Azure answers ${JSON.stringify(answer)} is followed by ${JSON.stringify(operation) ?? "the cluster's state"}`, async () => {
    const { pool } = poolOf({ read, readOperation: async () => answer });
    const { look } = await lookAtAzure(pool, { cluster, operation: following, wantsRights: false, now }, memory());
    assert.deepEqual(look.kind === "Seen" && look.operation, operation);
  });

const shown: readonly (readonly [answer: AksAnswer<AksView>, found: unknown])[] = [
  [{ kind: "Refused", httpStatus: 404, code: "ResourceNotFound", message: "m" }, "NotFound"],
  [{ kind: "Refused", httpStatus: 403, code: "AuthorizationFailed", message: "m" }, "Forbidden"],
  [{ kind: "Unknown", message: "m" }, undefined],
];
for (const [answer, found] of shown)
  test(`a cluster of which Azure answers ${JSON.stringify(answer)} is ${JSON.stringify(found) ?? "unknown"} to the rules`, async () => {
    const { pool } = poolOf({ read: async () => answer });
    const { facts } = await lookAtAzure(pool, { cluster, operation: undefined, wantsRights: false, now }, memory());
    assert.equal(facts.known ? facts.value.found : undefined, found);
  });

test("locks that may not be read are unknown, and so are writes before the first", async () => {
  const { pool } = poolOf({ read, readRights: async () => ({ kind: "Refused", httpStatus: 403, code: "C", message: "no right" }) });
  const { facts } = await lookAtAzure(pool, { cluster, operation: undefined, wantsRights: true, now }, memory());
  assert.ok(facts.known);
  assert.deepEqual([facts.value.locks, facts.value.writesLeft.known], [{ known: false, because: "no right" }, false]);
});
