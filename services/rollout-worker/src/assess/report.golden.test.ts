import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import {
  as,
  assessmentMarkdown,
  type AssessmentId,
  type AssessmentReport,
  type AssessmentRequest,
  type MaintenanceConfigurations,
  type RolloutPolicy,
} from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, type World } from "../testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"] ?? "";
assert.ok(ADMIN_URL !== "", "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

let world: World;
afterEach(() => world.close());

async function reportOf(asked: Pick<AssessmentRequest, "kind" | "mode"> & { readonly policy: Partial<RolloutPolicy> }) {
  const { kind, mode, policy: rolloutPolicy } = asked;
  const id = as<AssessmentId>(randomUUID());
  await world.store.assessments.request({ id, clusterId: CLUSTER_ID, kind, mode, rolloutPolicy, tenantId: "t", objectId: "o" });
  await world.round();
  await world.assessed();
  const answered = await world.store.assessments.get(id);
  assert.ok(answered?.report, JSON.stringify(answered?.error));
  return answered.report;
}

/** Times of a run are not those of another. */
const timeless = (text: string): string => text.replaceAll(/20\d\d-\d\d-\d\dT[\d:.]+Z/g, "<time>");

/** Compared with the files beside this test, as JSON and as Markdown; UPDATE_GOLDENS=1 writes them anew, for a person to read. */
function hold(name: string, report: AssessmentReport): void {
  for (const [ending, text] of [
    ["json", `${JSON.stringify(report, null, 2)}\n`],
    ["md", assessmentMarkdown(report)],
  ] as const) {
    const golden = new URL(`testing/${name}.${ending}.golden`, import.meta.url);
    if (process.env["UPDATE_GOLDENS"] === "1") writeFileSync(golden, timeless(text));
    assert.ok(existsSync(golden), `${golden.pathname} is missing; look at what UPDATE_GOLDENS=1 writes`);
    assert.equal(timeless(text), readFileSync(golden, "utf8"));
  }
}

test("what if a cluster with gates, windows and a node that is not Ready were switched on", async () => {
  world = await makeWorld(ADMIN_URL, {});
  for (const name of ["n1", "n2", "n3", "n4"]) world.fake.addNode(name);
  world.fake.setReady("n4", false);
  const never: MaintenanceConfigurations = {
    default: { timeInWeek: [], notAllowedTime: [{ start: "2000-01-01T00:00:00.000Z", end: "2190-01-01T00:00:00.000Z" }] },
  };
  await world.store.clusters.change(CLUSTER_ID, () => ({ result: undefined, change: { maintenance: never, history: [] } }));
  const policy: Partial<RolloutPolicy> = {
    gates: [{ id: "change-board", kind: "Approval", at: "AfterCanaries", twoPersons: true }],
    preflightOverrides: [{ ruleId: "PF-051", reason: "ticket *4711* | <b>", expiresAt: "2189-01-01T00:00:00Z" }],
    maintenance: "Require",
    maxBlockedNodes: 1,
  };
  hold("what-if-on", await reportOf({ kind: "WhatIf", mode: "BpfVeth", policy }));
});

test("may a cluster be switched on that an old version of Kubernetes runs", async () => {
  world = await makeWorld(ADMIN_URL, {});
  world.fake.addNode("n1");
  await world.store.clusters.change(CLUSTER_ID, (locked) => {
    assert.ok(locked);
    const properties = { ...locked.cluster.properties, kubernetesVersion: "1.30.1" };
    return { result: undefined, change: { cluster: { ...locked.cluster, properties }, history: [] } };
  });
  hold("validate-on", await reportOf({ kind: "Validate", mode: "BpfVeth", policy: {} }));
});

test("what if a cluster without host routing were switched off", async () => {
  world = await makeWorld(ADMIN_URL, {});
  world.fake.addNode("n1");
  hold("what-if-off", await reportOf({ kind: "WhatIf", mode: "None", policy: {} }));
});
