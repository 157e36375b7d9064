import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPools, firstAddress, NODES_MAX, planLab, planMachine, planNode, planNodes, type LabPool } from "./lab-plan.ts";

const lab = planLab("/var/state/one");

test("names carry the id, and another state folder gives another id", () => {
  assert.match(lab.id, /^[0-9a-f]{6}$/);
  assert.equal(planLab("/var/state/one").id, lab.id);
  assert.notEqual(planLab("/var/state/two").id, lab.id);
  for (const name of [...Object.values(lab.netns), lab.cgroup, planNode(lab, 1).netns]) assert.ok(name.includes(lab.id), name);
});

test("the first node is the system pool, the others the user pool", () => {
  assert.deepEqual(
    [0, 1, 2].map((slot) => [planNode(lab, slot).name, planNode(lab, slot).pool.name]),
    [
      ["aks-system-0", "system"],
      ["aks-user-0", "user"],
      ["aks-user-1", "user"],
    ],
  );
});

test("no two slots share an address or a pod range", () => {
  const plans = Array.from({ length: NODES_MAX }, (_, slot) => planNode(lab, slot));
  const values = plans.flatMap((plan) => [plan.ipv4, plan.ipv6, ...plan.podCidrs, plan.netns]);
  assert.equal(new Set(values).size, values.length);
});

test("a slot outside the range is refused", () => {
  for (const slot of [-1, NODES_MAX, 0.5]) {
    assert.throws(() => planNode(lab, slot), RangeError);
    assert.throws(() => planMachine(lab, slot, "6.1"), RangeError);
  }
});

test("virtual machines come after the nodes of namespaces, in a pool for each kernel, with the addresses of their slots", () => {
  assert.deepEqual(
    planNodes(lab, { pools: defaultPools(2), machines: ["6.12", "6.1", "6.12"] }).map(({ name, pool, kind }) => [name, pool.name, kind]),
    [
      ["aks-system-0", "system", "Namespaces"],
      ["aks-user-0", "user", "Namespaces"],
      ["aks-vm612-2", "vm612", "Machine"],
      ["aks-vm61-3", "vm61", "Machine"],
      ["aks-vm612-4", "vm612", "Machine"],
    ],
  );
  const { ipv4, ipv6, podCidrs } = planNode(lab, 3);
  assert.partialDeepStrictEqual(planMachine(lab, 3, "6.1"), { ipv4, ipv6, podCidrs });
});

test("pools are data: each node is named for its pool and numbered within it, and takes the next slot", () => {
  const first: LabPool = { name: "nodepool1", mode: "System", osSku: "Ubuntu" };
  const second: LabPool = { name: "batch", mode: "User", osSku: "AzureLinux" };
  const plans = planNodes(lab, {
    pools: [
      { pool: first, count: 2 },
      { pool: second, count: 1 },
    ],
    machines: [],
  });
  assert.deepEqual(
    plans.map(({ name, pool, slot }) => [name, pool.osSku, slot]),
    [
      ["aks-nodepool1-0", "Ubuntu", 0],
      ["aks-nodepool1-1", "Ubuntu", 1],
      ["aks-batch-0", "AzureLinux", 2],
    ],
  );
});

test("a lab of one node has its system pool only", () => {
  assert.deepEqual(
    [0, 1, 3].map((nodes) => defaultPools(nodes).map(({ count }) => count)),
    [
      [0, 0],
      [1, 0],
      [1, 2],
    ],
  );
});

test("the API server's Service has the first address of the Services' range", () => {
  assert.deepEqual(["10.96.0.0/16", "10.0.0.0/16", "172.16.8.16/28"].map(firstAddress), ["10.96.0.1", "10.0.0.1", "172.16.8.17"]);
});
