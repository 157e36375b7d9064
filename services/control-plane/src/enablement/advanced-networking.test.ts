import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdvancedNetworking } from "@hostrouting/domain";
import { advancedNetworkingOff, normaliseAdvancedNetworking } from "./advanced-networking.ts";

type Changes = {
  observability?: boolean;
  security?: boolean;
  policies?: "None" | "FQDN" | "L7";
  transit?: "None" | "WireGuard";
  mode?: "None" | "BpfVeth";
};

function on({
  observability = true,
  security = true,
  policies = "FQDN",
  transit = "None",
  mode = "None",
}: Changes = {}): AdvancedNetworking {
  return {
    enabled: true,
    observability: { enabled: observability },
    security: { enabled: security, advancedNetworkPolicies: policies, transitEncryption: { type: transit } },
    performance: { accelerationMode: mode },
  };
}

const rows: readonly (readonly [name: string, given: unknown, dataplane: string, expected: AdvancedNetworking])[] = [
  ["null", null, "cilium", advancedNetworkingOff],
  ["absent", undefined, "cilium", advancedNetworkingOff],
  ["empty", {}, "cilium", advancedNetworkingOff],
  ["enabled alone, on Cilium", { enabled: true }, "cilium", on()],
  ["enabled alone, elsewhere", { enabled: true }, "azure", on({ security: false, policies: "None" })],
  ["with BpfVeth", { enabled: true, performance: { accelerationMode: "BpfVeth" } }, "cilium", on({ mode: "BpfVeth" })],
  ["performance empty", { enabled: true, performance: {} }, "cilium", on()],
  ["mode null", { enabled: true, performance: { accelerationMode: null } }, "cilium", on()],
  ["observability off", { enabled: true, observability: { enabled: false } }, "cilium", on({ observability: false })],
  ["observability null goes to its default", { enabled: true, observability: null }, "cilium", on()],
  [
    "security off takes its policies along",
    { enabled: true, security: { enabled: false, advancedNetworkPolicies: "L7" } },
    "cilium",
    on({ security: false, policies: "None" }),
  ],
  ["security with L7", { enabled: true, security: { enabled: true, advancedNetworkPolicies: "L7" } }, "cilium", on({ policies: "L7" })],
  [
    "transit encryption",
    { enabled: true, security: { enabled: true, transitEncryption: { type: "WireGuard" } } },
    "cilium",
    on({ transit: "WireGuard" }),
  ],
  [
    "disabled turns all of it off",
    { enabled: false, observability: { enabled: true }, security: { enabled: true } },
    "cilium",
    advancedNetworkingOff,
  ],
  [
    "disabled with BpfVeth keeps the contradiction for admission",
    { enabled: false, performance: { accelerationMode: "BpfVeth" } },
    "cilium",
    { ...advancedNetworkingOff, performance: { accelerationMode: "BpfVeth" } },
  ],
];

for (const [name, given, dataplane, expected] of rows)
  test(name, () => assert.deepEqual(normaliseAdvancedNetworking(given, dataplane), expected));

test("normalising twice is normalising once", () => {
  for (const [, given, dataplane, expected] of rows)
    assert.deepEqual(normaliseAdvancedNetworking(normaliseAdvancedNetworking(given, dataplane), dataplane), expected);
});
