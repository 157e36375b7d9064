/** The same points asked as of somebody else's endpoint: with a cluster's id and a secret in a file, and no power over what runs there. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { ids, makeCluster } from "../../services/control-plane/src/testing/test-cluster.ts";
import { openForeignTarget, type Endpoint } from "./foreign-target.ts";
import { startOwnTarget, type OwnTarget } from "./own-target.ts";
import type { Outcome } from "./point.ts";
import { allPoints } from "./points/all-points.ts";
import { runPoint } from "./run-point.ts";

const folder = mkdtempSync(path.join(tmpdir(), "conformance-"));
const secretFile = path.join(folder, "secret");

let own: OwnTarget;
let endpoint: Endpoint;
before(async () => {
  own = await startOwnTarget();
  writeFileSync(secretFile, `${own.installation.clientSecret}\n`, { mode: 0o600 });
  await own.store.clusters.register(makeCluster("theirs"), {});
  endpoint = {
    url: own.base,
    cluster: `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/theirs`,
    mayChange: false,
    emptyGroup: undefined,
    version: "2026-04-01",
    access: {
      tenantId: ids.tenantId,
      clientId: ids.clientId,
      secretFile,
      authorityHost: own.base,
      scope: `${own.base}/.default`,
    },
  };
});
after(async () => {
  await own?.close();
  rmSync(folder, { recursive: true });
});

async function outcomes(given: Endpoint): Promise<Map<string, Outcome>> {
  const target = await openForeignTarget(given);
  const all = new Map<string, Outcome>();
  for (const point of allPoints) all.set(point.id, (await runPoint(target, point)).outcome);
  return all;
}

test("what only reads is judged, what needs power or would change something says what it needs, and nothing is changed", async () => {
  const all = await outcomes(endpoint);
  const kind = (id: string): string | undefined => all.get(id)?.kind;
  for (const id of ["F1-1", "F1-4", "F1-9", "F1-43", "F2-4", "F2-13", "F2-18", "F2-35"])
    assert.equal(kind(id), "passed", `${id} ${JSON.stringify(all.get(id))}`);
  const why = (id: string): string => {
    const outcome = all.get(id);
    return outcome?.kind === "notApplicable" ? outcome.why : JSON.stringify(outcome);
  };
  assert.match(why("F1-8"), /token of another kind: wrongAudience/);
  assert.match(why("F1-13"), /--may-change/);
  assert.match(why("F1-42"), /--empty-group/);
  assert.match(why("F1-58"), /installation of one's own/);
  assert.match(why("F2-21"), /cluster like azure-dataplane/);
  const untouched = await own.store.clusters.get(makeCluster("theirs").id);
  assert.deepEqual([untouched?.etag, untouched?.provisioningState], ["etag-of-theirs", "Succeeded"]);
});

test("with leave to change it, the cluster is changed, and what ends operations is waited for by the poll", async () => {
  const target = await openForeignTarget({ ...endpoint, mayChange: true, emptyGroup: "empty" });
  const point = (id: string): (typeof allPoints)[number] => allPoints.find((one) => one.id === id)!;
  for (const id of ["F1-37", "F1-42", "F1-13"]) assert.equal((await runPoint(target, point(id))).outcome.kind, "passed", id);
});

test("a cluster that cannot be read, and an id that is none, are said before anything is asked", async () => {
  await assert.rejects(() => openForeignTarget({ ...endpoint, cluster: `${endpoint.cluster}x` }), /answered 404/);
  await assert.rejects(() => openForeignTarget({ ...endpoint, cluster: "/theirs" }), /must be the resource id/);
});
