/** Azure's SDK for Python, in the version that az 2.91 brings, unmodified: pollers, errors, paging, retries. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationPhase } from "@hostrouting/domain";
import { clusterIdOf } from "../../services/control-plane/src/arm/resource-ids.ts";
import { ids, makeCluster, moveOperation } from "../../services/control-plane/src/testing/test-cluster.ts";
import { startOwnTarget, type OwnTarget } from "./own-target.ts";
import { runPython } from "./run-python.ts";

const TURN_MS = 50;
const PATIENCE_SECONDS = 60;
/** Pages have at most a hundred. */
const MANY = 105;
/** More reads than the bucket holds, which is filled so slowly that a busy machine cannot be slower. */
const READS = 60;
const BUCKET_OF_READS = "40/2";
const ENDS: Readonly<Record<string, OperationPhase>> = {
  "py-succeeds": "Succeeded",
  "py-fails": "Failed",
  "py-canceled": "Canceled",
  "py-tags": "Succeeded",
  "py-deleted": "Succeeded",
  "py-created": "Succeeded",
};

let target: OwnTarget;
let results: Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Plays provider and worker; what waits for the provider is not the worker's to end, also when it was accepted a moment ago. */
async function endOperations(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await target.provider.serveAll();
    for (const [name, phase] of Object.entries(ENDS)) {
      const { id } = makeCluster(name);
      const error = phase === "Failed" ? { error: { code: "PreflightBlocked", message: "Two checks failed" } } : {};
      const operation = (await target.store.rounds.read(id))?.operation;
      if (operation !== undefined && operation.control.provision === undefined) await moveOperation(target.store, id, { phase, ...error });
    }
    await sleep(TURN_MS, undefined, { signal }).catch(() => undefined);
  }
}

before(async () => {
  target = await startOwnTarget({ HOSTROUTING_THROTTLE_READS: BUCKET_OF_READS });
  for (const name of Object.keys(ENDS).filter((one) => one !== "py-created")) await target.store.clusters.register(makeCluster(name), {});
  for (let n = 0; n < MANY; n++) {
    const place = { subscriptionId: ids.subscriptionId, resourceGroup: "pages", name: `many-${n}` };
    await target.store.clusters.register(makeCluster(place.name, { ...place, id: clusterIdOf(place) }), {});
  }
  const ending = new AbortController();
  const worker = endOperations(ending.signal);
  try {
    results = await runPython(
      "sdk-clients.py",
      {
        base: target.base,
        caFile: target.installation.caFile,
        tenantId: ids.tenantId,
        clientId: ids.clientId,
        clientSecret: target.installation.clientSecret,
        subscriptionId: ids.subscriptionId,
        group: "Lab",
        location: "westeurope",
        manyGroup: "pages",
        reads: READS,
        patienceSeconds: PATIENCE_SECONDS,
        scenarios: ["createOrUpdate", "create", "fails", "canceled", "updateTags", "delete", "paging", "missing", "throttled"],
      },
      5 * 60_000,
    );
  } finally {
    ending.abort();
    await worker;
  }
});
after(() => target?.close());

for (const [name, scenario, expected] of [
  ["create_or_update is polled to its end", "createOrUpdate", { state: "Succeeded", mode: "BpfVeth" }],
  [
    "a cluster that is not there is made, and has credentials",
    "create",
    { state: "Succeeded", mode: "BpfVeth", fqdn: "made.localhost", kubeconfig: "kubeconfig of user" },
  ],
  ["update_tags replaces the tags", "updateTags", { tags: { a: "b" } }],
  ["delete is polled until the cluster is gone; of what is not there it ends at once", "delete", { status: "Succeeded", listed: false }],
  [
    "an operation that fails raises with code and message",
    "fails",
    { status: "Failed", code: "PreflightBlocked", message: "Two checks failed" },
  ],
  ["one that is canceled raises, too", "canceled", { status: "Canceled", code: "OperationCanceled" }],
  ["a list is followed over its pages", "paging", { items: MANY, different: MANY }],
  ["what is not there is 404 with its code", "missing", { status: 404, code: "ResourceNotFound" }],
  ["429 is waited for, and then succeeds", "throttled", { succeeded: READS, wasThrottled: true }],
] as const)
  test(name, () => assert.partialDeepStrictEqual(results[scenario], expected));
