import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { as, type NodeName, type NodeUid } from "@hostrouting/domain";
import type { CiliumNodeConfigObject } from "@hostrouting/kube";
import type { NodeConfigIntent } from "@hostrouting/rollout";
import { parseStatus } from "./cilium-words.ts";
import { nodeConfigWish, parseOrder } from "./node-order.ts";

const spec = {
  generation: 3,
  fencingToken: 7,
  operationId: "one",
  nodeUID: "uid-n1",
  bundleDigest: "",
  confirmSeconds: 0,
  confirmedGeneration: 0,
} as const;
const intent = (mode: "BpfVeth" | "None"): NodeConfigIntent => ({
  kind: "WriteNodeConfig",
  node: as<NodeName>("n1"),
  uid: as<NodeUid>("uid-n1"),
  hostname: "host-1",
  spec: { ...spec, mode, bootID: "boot" },
  replacesPod: "pod-1",
});
/** As the API server would hand it back. */
function stored(mode: "BpfVeth" | "None", changes: Partial<CiliumNodeConfigObject["spec"]> = {}): CiliumNodeConfigObject {
  const { annotations, hostname, defaults } = nodeConfigWish(intent(mode));
  return {
    metadata: { name: "acns-hostrouting-n1", annotations: { ...annotations } },
    spec: { nodeSelector: { matchLabels: { "kubernetes.io/hostname": hostname } }, defaults, ...changes },
  };
}
const n1 = { uid: "uid-n1", hostname: "host-1" };

describe("a node's object", () => {
  test("says what was asked for, with overrides for eBPF and without for the stack", () => {
    assert.deepEqual(parseOrder(stored("BpfVeth"), n1), { spec: { ...spec, mode: "BpfVeth" }, replacesPod: "pod-1" });
    assert.deepEqual(parseOrder(stored("None"), n1)?.spec.mode, "None");
    assert.deepEqual(stored("BpfVeth").spec.defaults, { "enable-host-legacy-routing": "false", "enable-bpf-masquerade": "true" });
    assert.deepEqual(stored("None").spec.defaults, {});
  });

  const strangers: readonly (readonly [what: string, object: CiliumNodeConfigObject, node?: typeof n1])[] = [
    [
      "overrides that somebody changed",
      stored("BpfVeth", { defaults: { "enable-host-legacy-routing": "true", "enable-bpf-masquerade": "true" } }),
    ],
    ["overrides that somebody added to", stored("None", { defaults: { debug: "true" } })],
    ["a selector that somebody widened", stored("BpfVeth", { nodeSelector: { matchLabels: {} } })],
    [
      "an expression beside the selector",
      stored("BpfVeth", {
        nodeSelector: { matchLabels: { "kubernetes.io/hostname": "host-1" }, matchExpressions: [{ key: "a", operator: "Exists" }] },
      }),
    ],
    ["a node of before with the same name", stored("BpfVeth"), { ...n1, uid: "uid-again" }],
    ["no annotation", { ...stored("BpfVeth"), metadata: { name: "acns-hostrouting-n1" } }],
    ["an annotation that is no JSON", { ...stored("BpfVeth"), metadata: { annotations: { "hostrouting.acns.azure.com/order": "{" } } }],
  ];
  for (const [what, object, node = n1] of strangers)
    test(`${what}: asks for nothing`, () => assert.equal(parseOrder(object, node), undefined));
});

describe("an agent's status", () => {
  const rows = [
    [{ routing: { "intra-host-routing-mode": "BPF" } }, "BPF"],
    [{ routing: { "intra-host-routing-mode": "Legacy" } }, "Legacy"],
    [{ routing: { "intra-host-routing-mode": "Netkit" } }, "Unknown"],
    [{ "host-routing": { mode: "BPF" } }, "Unknown"],
    [null, "Unknown"],
  ] as const;
  for (const [status, mode] of rows)
    test(`${JSON.stringify(status)}: ${mode}`, () => assert.equal(parseStatus(JSON.stringify(status)).hostRouting, mode));
  test("that is no JSON is none", () => assert.throws(() => parseStatus("Cilium: Ok"), SyntaxError));
});
