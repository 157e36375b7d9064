import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OPT_OUT_ANNOTATION, readNamespaceChoice, readNodePod, stayReason, type StayReason } from "./node-pod.ts";

const pod = (changes: { annotations?: Record<string, string>; spec?: object; status?: object } = {}): object => ({
  metadata: {
    namespace: "shop",
    name: "cart",
    uid: "cart-uid",
    ownerReferences: [
      { kind: "Shop", name: "a" },
      { kind: "ReplicaSet", name: "cart-1", controller: true },
    ],
    ...(changes.annotations && { annotations: changes.annotations }),
  },
  spec: changes.spec ?? {
    serviceAccountName: "shopkeeper",
    containers: [{ ports: [{ containerPort: 80 }, { hostPort: 8443 }, { hostPort: 53, protocol: "UDP" }] }],
  },
  status: changes.status ?? {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    podIPs: [{ ip: "10.244.1.5" }, { ip: "fd00::5" }],
    containerStatuses: [{ containerID: "containerd://0123abcd" }, {}],
  },
});

describe("readNodePod", () => {
  it("keeps addresses, host ports and who it is", () => {
    assert.deepEqual(readNodePod(pod()), {
      name: "shop/cart",
      namespace: "shop",
      uid: "cart-uid",
      serviceAccount: "shopkeeper",
      controller: { kind: "ReplicaSet", name: "cart-1" },
      containerIds: ["0123abcd"],
      addresses: ["10.244.1.5", "fd00::5"],
      hostNetwork: false,
      hostPorts: [
        { protocol: "TCP", port: 8443 },
        { protocol: "UDP", port: 53 },
      ],
      optOut: undefined,
      bandwidthLimited: false,
      isReady: true,
    });
  });

  it("says what the kubelet found of pods that run and are to stay", () => {
    const conditions = (status: string): object[] => [{ type: "Ready", status }];
    const found = [
      pod({ status: { phase: "Running", conditions: conditions("True") } }),
      pod({ status: { phase: "Running", conditions: conditions("False") } }),
      pod({ status: { phase: "Pending", conditions: conditions("False") } }),
      pod({ status: { phase: "Running" } }),
      {
        metadata: { name: "cart", deletionTimestamp: "2026-01-01T00:00:00Z" },
        status: { phase: "Running", conditions: conditions("False") },
      },
    ].map((object) => readNodePod(object)?.isReady);
    assert.deepEqual(found, [true, false, undefined, undefined, undefined]);
  });

  it("forgets pods that have ended, whose address may be another's already", () => {
    for (const phase of ["Succeeded", "Failed"])
      assert.equal(readNodePod(pod({ status: { phase, podIPs: [{ ip: "10.244.1.5" }] } })), undefined);
  });

  it("takes a pod without addresses, spec or annotations as it is", () => {
    assert.partialDeepStrictEqual(readNodePod(pod({ spec: {}, status: {} })), { addresses: [], hostPorts: [], hostNetwork: false });
    assert.partialDeepStrictEqual(readNodePod(pod({ status: { podIP: "10.244.1.6" } })), { addresses: ["10.244.1.6"] });
  });
});

describe("stayReason", () => {
  const cases: [string, Record<string, string>, string | undefined, StayReason | undefined][] = [
    ["nothing said", {}, undefined, undefined],
    ["the pod opts out", { [OPT_OUT_ANNOTATION]: "true" }, undefined, "OptOut"],
    ["the pod's value is mistyped", { [OPT_OUT_ANNOTATION]: "ture" }, undefined, "OptOut"],
    ["the namespace opts out", {}, "true", "OptOut"],
    ["the pod opts in again", { [OPT_OUT_ANNOTATION]: "false" }, "true", undefined],
    ["limited coming in", { "kubernetes.io/ingress-bandwidth": "1M" }, undefined, "BandwidthLimit"],
    ["limited going out", { "kubernetes.io/egress-bandwidth": "1M" }, undefined, "BandwidthLimit"],
    ["limited, and opted out", { "kubernetes.io/egress-bandwidth": "1M", [OPT_OUT_ANNOTATION]: "true" }, undefined, "OptOut"],
  ];
  for (const [name, annotations, ofNamespace, expected] of cases)
    it(`${name}: ${expected ?? "may be fast"}`, () => {
      const read = readNodePod(pod({ annotations }));
      const choice = readNamespaceChoice({
        metadata: { name: "shop", ...(ofNamespace !== undefined && { annotations: { [OPT_OUT_ANNOTATION]: ofNamespace } }) },
      });
      assert.ok(read);
      assert.equal(stayReason(read, choice ? [choice] : []), expected);
    });

  it("hears no other namespace", () => {
    const read = readNodePod(pod());
    assert.ok(read);
    assert.equal(stayReason(read, [{ name: "shop-2", optOut: "true" }]), undefined);
  });
});
