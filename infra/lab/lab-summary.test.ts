import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabStatus } from "./lab-status.ts";
import { labSummary } from "./lab-summary.ts";

test("a folder without a lab is named, with how another one is", () =>
  assert.equal(labSummary({ state: "absent" }, "/state"), "no lab runs for the state folder /state; --state-dir names another one"));

test("nodes are in columns whatever their names, each with the way into it", () => {
  const node = (name: string): object => ({
    name,
    kind: "Namespaces",
    netns: `acns-1-${name}`,
    addresses: ["10.240.0.11", "fd00:240::11"],
  });
  const record = {
    id: "1",
    kubernetesVersion: "v1",
    server: "https://s",
    nodes: [node("n1"), node("aks-nodepool1-0")],
    bundleImage: "b",
    adminKubeconfig: "/k",
  };
  const found = { state: "degraded", record, ended: ["kubelet"], readyNodes: ["n1"], memoryBytes: 3 * 1024 ** 2 } as unknown as LabStatus;
  assert.deepEqual(labSummary(found, "/state").split("\n"), [
    "lab 1: degraded, Kubernetes v1 at https://s",
    "  n1              Ready     10.240.0.11   fd00:240::11    nsenter --net=/run/netns/acns-1-n1",
    "  aks-nodepool1-0 NotReady  10.240.0.11   fd00:240::11    nsenter --net=/run/netns/acns-1-aks-nodepool1-0",
    "  ended: kubelet",
    "  bundle     b",
    "  memory     3 MiB without pods",
    "  kubeconfig /k",
  ]);
});
