import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const BASE = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/one/maintenanceConfigurations`;
const NODE_OS = `${BASE}/aksManagedNodeOSUpgradeSchedule`;
const weekly = { weekly: { intervalWeeks: 1, dayOfWeek: "Friday" } };
/** As `az aks maintenanceconfiguration add --schedule-type Weekly` sends it. */
const window = { schedule: weekly, durationHours: 8, utcOffset: "+05:30", startDate: "2026-01-01", startTime: "00:00" };
/** As `az aks maintenanceconfiguration add --name default --weekday Monday --start-hour 1` does. */
const hours = { timeInWeek: [{ day: "Monday", hourSlots: [1] }], notAllowedTime: [] };

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one")]);
});
after(() => surface.close());

const ask = (method: string, path: string, body?: unknown): Promise<Reply> => surface.ask({ method, path: `${path}?${V}`, body });

test("a maintenance configuration is made, read, listed, replaced and removed, as az does it", async () => {
  assert.equal((await ask("GET", NODE_OS)).body.error.code, "ResourceNotFound");
  assert.deepEqual((await ask("GET", BASE)).body, { value: [] });
  const made = await ask("PUT", NODE_OS, { properties: { maintenanceWindow: window } });
  assert.equal(made.status, 201);
  assert.deepEqual(made.body.properties, { maintenanceWindow: { ...window, notAllowedDates: [] } });
  assert.deepEqual(
    [made.body.id, made.body.name, made.body.type],
    [NODE_OS, "aksManagedNodeOSUpgradeSchedule", "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"],
  );
  assert.equal((await ask("PUT", NODE_OS.toLowerCase(), made.body)).status, 200, "what was read is sent back, and case does not count");
  assert.equal((await ask("PUT", `${BASE}/default`, { properties: hours })).status, 201);
  assert.deepEqual((await ask("GET", `${BASE}/default`)).body.properties, hours);
  const listed = (await ask("GET", BASE)).body.value as { name: string }[];
  assert.deepEqual(
    listed.map(({ name }) => name),
    ["default", "aksManagedNodeOSUpgradeSchedule"],
  );
  assert.deepEqual([(await ask("DELETE", NODE_OS)).status, (await ask("DELETE", NODE_OS)).status], [200, 204]);
  assert.equal((await ask("GET", NODE_OS)).status, 404);
});

test("faults are told all at once, each by its place, and nothing is kept", async () => {
  const properties = { maintenanceWindow: { ...window, durationHours: 0, startDate: "2026-02-31" } };
  const refused = await ask("PUT", NODE_OS, { properties, colour: "red" });
  assert.equal(refused.status, 400);
  assert.deepEqual(
    (refused.body.error.details as { target: string }[]).map(({ target }) => target),
    ["colour", "properties.maintenanceWindow.durationHours", "properties.maintenanceWindow.startDate"],
  );
  assert.equal((await ask("GET", NODE_OS)).status, 404);
  assert.equal((await ask("PUT", `${BASE}/mine`, { properties: hours })).body.error.target, "configName");
  assert.equal((await ask("PUT", `${BASE}/default`, "[]")).status, 400);
  assert.equal((await ask("POST", NODE_OS)).headers["allow"], "GET, PUT, DELETE");
});

test("whoever changes one is in the history, and the worker looks at once", async () => {
  const cluster = makeCluster("one");
  await ask("PUT", `${BASE}/default`, { properties: hours });
  await ask("DELETE", `${BASE}/default`);
  const rows = await surface.store.clusters.history(cluster.id, { afterSeq: 0, limit: 100 });
  assert.deepEqual(
    rows.slice(-2).map(({ kind, data }) => [kind, data["name"], data["by"]]),
    [
      ["MaintenanceConfigurationChanged", "default", "oid-of-tests"],
      ["MaintenanceConfigurationRemoved", "default", "oid-of-tests"],
    ],
  );
  assert.ok((await surface.store.rounds.due(10)).includes(cluster.id));
});
