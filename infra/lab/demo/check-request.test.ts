import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFlows, checkPortReuse, checkRun } from "./check-request.ts";

const run = {
  targets: [{ path: "service", ip: "10.96.0.9" }],
  durationMs: 1_000,
  newConnectionsPerSecond: 200,
  longLived: true,
  hammerClients: 0,
};

test("the family follows from the address", () => {
  const request = checkRun({ ...run, targets: [...run.targets, { path: "pod-other", ip: "fd00:244:0:1::2" }] });
  assert.deepEqual(
    request.targets.map(({ family }) => family),
    ["v4", "v6"],
  );
});

test("flows go to every path, the outside among them", () => {
  const targets = [
    { path: "outside", ip: "203.0.113.10" },
    { path: "pod-same", ip: "10.244.0.2" },
  ];
  assert.deepEqual(
    checkFlows({ targets }).targets.map(({ path }) => path),
    ["outside", "pod-same"],
  );
});

test("what is out of bounds or of the wrong kind is refused by name", () => {
  assert.throws(() => checkRun({ ...run, newConnectionsPerSecond: 1_001 }), /newConnectionsPerSecond/);
  assert.throws(() => checkRun({ ...run, durationMs: "1000" }), /durationMs/);
  assert.throws(() => checkRun({ ...run, targets: [] }), /targets/);
  assert.throws(() => checkRun({ ...run, targets: [{ path: "service", ip: "web" }] }), /"web" is no IP address/);
  assert.throws(() => checkRun({ ...run, targets: [{ path: "elsewhere", ip: "10.0.0.1" }] }), /path/);
  assert.throws(() => checkRun(null), /object/);
  assert.throws(() => checkFlows({ targets: [{ path: "outside", ip: "example.org" }] }), /no IP address/);
  assert.throws(() => checkPortReuse({ service: "10.96.0.9", pods: ["10.244.0.2"], hitsWanted: 0 }), /hitsWanted/);
});
