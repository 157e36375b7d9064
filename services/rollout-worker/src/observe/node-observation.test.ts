import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeObservation } from "./node-observation.ts";

const read = { object: undefined, bundlePods: [], podsToEvict: undefined };
const nodeInfo = { osImage: "Ubuntu 24.04.3 LTS", kernelVersion: "6.8.0-1041-azure", architecture: "amd64" };
const labels = {
  "kubernetes.azure.com/agentpool": "user",
  "kubernetes.azure.com/mode": "user",
  "kubernetes.azure.com/node-image-version": "AKSUbuntu-2404gen2containerd-202604.13.0",
  "topology.kubernetes.io/zone": "westeurope-2",
};

function place(of: { readonly labels?: Readonly<Record<string, string>>; readonly nodeInfo?: Readonly<Record<string, string>> }): unknown {
  const node = { metadata: { name: "n1", labels: { ...of.labels } }, status: { nodeInfo: of.nodeInfo } };
  const { pool, isSystem, zone, stratum } = nodeObservation(node as never, read);
  return { pool, isSystem, zone, stratum };
}

test("a node's place and kind are read from its labels and its kubelet", () => {
  assert.deepEqual(place({ labels, nodeInfo }), {
    pool: "user",
    isSystem: false,
    zone: "westeurope-2",
    stratum: "user | Ubuntu 24.04.3 LTS | 6.8.0-1041-azure | amd64 | AKSUbuntu-2404gen2containerd-202604.13.0",
  });
  assert.deepEqual(place({ labels: { ...labels, "kubernetes.azure.com/mode": "system" } }), {
    pool: "user",
    isSystem: true,
    zone: "westeurope-2",
    stratum: "user |  |  |  | AKSUbuntu-2404gen2containerd-202604.13.0",
  });
  assert.deepEqual(place({}), { pool: "", isSystem: false, zone: "", stratum: " |  |  |  | " });
});
