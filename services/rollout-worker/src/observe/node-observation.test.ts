import assert from "node:assert/strict";
import { test } from "node:test";
import { bundlePodsByNode, nodeFacts, nodeObservation } from "./node-observation.ts";

const read = { object: undefined, bundlePod: undefined, podsToEvict: undefined };
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

const waiting = (reason: string): unknown => ({ imageID: "", state: { waiting: { reason, message: "401" } } });
const images: readonly (readonly [what: string, status: unknown, image: unknown])[] = [
  ["no word of a container", {}, undefined],
  ["being created", { containerStatuses: [waiting("ContainerCreating")] }, undefined],
  ["there", { containerStatuses: [{ imageID: "sha256:1", state: { running: {} } }] }, { state: "Pulled", message: "" }],
  ["a pull that failed", { containerStatuses: [waiting("ErrImagePull")] }, { state: "NotPulled", message: "ErrImagePull: 401" }],
  ["a name that is none", { containerStatuses: [waiting("InvalidImageName")] }, { state: "Refused", message: "InvalidImageName: 401" }],
  [
    "an agent that fails once it has its image",
    { containerStatuses: [{ imageID: "sha256:1", state: { waiting: { reason: "CrashLoopBackOff" } } }] },
    { state: "Pulled", message: "" },
  ],
];
for (const [what, status, image] of images)
  test(`the bundle's image: ${what}`, () => {
    assert.deepEqual(nodeFacts({ metadata: { name: "n1" } }, undefined, { status } as never).bundleImage, image);
  });

test("of a node's pods of the bundle the one counts that is not on its way out", () => {
  const pod = (name: string, nodeName: string, deletionTimestamp?: string): unknown => ({
    metadata: { name, deletionTimestamp },
    spec: { nodeName },
  });
  const pods = [pod("old", "n1", "now"), pod("new", "n1"), pod("last", "n1", "now"), pod("leaving", "n2", "now")];
  assert.deepEqual(
    [...bundlePodsByNode(pods as never)].map(([node, { metadata }]) => [node, metadata?.name]),
    [
      ["n1", "new"],
      ["n2", "leaving"],
    ],
  );
});

test("figures count from a time; without one they say nothing", () => {
  const figuresOf = (figures: object): unknown => {
    const object = { metadata: { name: "n1" }, status: { nodeUID: "u", bootID: "b", figures } };
    return nodeObservation({ metadata: { name: "n1", uid: "u" } }, { ...read, object: object as never }).report?.figures;
  };
  assert.deepEqual(figuresOf({ since: "1970-01-01T00:00:01Z", noRoute: 3 }), { sinceMs: 1000, noRoute: 3 });
  assert.equal(figuresOf({ since: "yesterday", noRoute: 3 }), undefined);
});
