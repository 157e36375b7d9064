import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import { isCatalogued, Simulation, WARNING_CATALOGUE } from "@hostrouting/rollout";
import { WORKER_EVENT_CATALOGUE, warningReason } from "./events/event-catalogue.ts";
import { recordedNews } from "./events/recorded-news.ts";

test("what status, ARM and CLI show of a warning and what its Event tells is one entry of the catalogue", () => {
  const simulation = new Simulation({ policyMode: "Off", nodeSoakMs: 0 });
  const node = simulation.addNode("n1");
  node.connections = 12;
  node.resets = 7;
  simulation.request("BpfVeth");
  for (let rounds = 0; rounds < 40; rounds += 1) simulation.step();
  const { status, nodes } = simulation.step();
  const news = recordedNews({ policy: undefined, policyUid: undefined, nodes, warnings: status.warnings }, as<Instant>(simulation.nowMs));
  const catalogued = status.warnings.filter(isCatalogued);
  assert.deepEqual(catalogued.map(({ id }) => id).toSorted(), ["connection-disruption", "network-policy-notmanaged"]);
  for (const warning of catalogued) {
    const entry = WARNING_CATALOGUE[warning.id];
    const { id: _id, message, subjects: _subjects, impactNumber: _number, firstSeen, ...common } = warning;
    assert.deepEqual(common, entry);
    const told = news.filter(({ reason }) => reason === warningReason(warning.id));
    assert.deepEqual(
      told.map(({ note, firstAt }) => [note, firstAt]),
      [[`${entry.title}: ${message}`, firstSeen]],
    );
    const { impact, remedy, type } = WORKER_EVENT_CATALOGUE[warningReason(warning.id)];
    assert.deepEqual([impact, remedy, type], [entry.impact, entry.remedy, "Warning"]);
  }
  assert.equal(catalogued.find(({ id }) => id === "connection-disruption")?.impactNumber, 7);
});
