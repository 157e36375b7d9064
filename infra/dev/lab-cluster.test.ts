import assert from "node:assert/strict";
import { test } from "node:test";
import { as, changeRolloutPolicy, type Instant } from "@hostrouting/domain";
import { overridableRules } from "@hostrouting/preflight";
import { labManagedCluster, labPolicy } from "./lab-cluster.ts";

const cluster = labManagedCluster({
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroup: "Lab",
  name: "lab",
  location: "westeurope",
  kubernetesVersion: "1.36.3",
  podCidrs: ["10.244.0.0/16", "fd00:244::/48"],
  serviceCidrs: ["10.96.0.0/16", "fd00:96::/112"],
  dnsServiceIp: "10.96.0.10",
  userPools: [
    { name: "user", count: 2 },
    { name: "vm612", count: 1 },
  ],
  accessReference: "/state/lab/worker.kubeconfig",
  createdBy: "22222222-2222-2222-2222-222222222222",
  now: "2026-01-01T00:00:00.000Z",
  etag: "e",
});

test("its id is the lowered ARM id", () => {
  assert.equal(
    cluster.id,
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourcegroups/lab/providers/microsoft.containerservice/managedclusters/lab",
  );
});

test("it is what ARM asks for before host routing may be turned on, with the mode None", () => {
  const properties = cluster.properties as {
    kubernetesVersion: string;
    networkProfile: Record<string, unknown>;
    agentPoolProfiles: Record<string, unknown>[];
  };
  const { networkPlugin, networkPluginMode, networkDataplane, ipFamilies, advancedNetworking } = properties.networkProfile;
  assert.deepEqual(
    [properties.kubernetesVersion, networkPlugin, networkPluginMode, networkDataplane, ipFamilies],
    ["1.36", "azure", "overlay", "cilium", ["IPv4", "IPv6"]],
  );
  assert.deepEqual(advancedNetworking, {
    enabled: true,
    observability: { enabled: true },
    security: { enabled: true, advancedNetworkPolicies: "FQDN", transitEncryption: { type: "None" } },
    performance: { accelerationMode: "None" },
  });
  assert.deepEqual(
    properties.agentPoolProfiles.map((pool) => [pool["name"], pool["count"], pool["osSKU"]]),
    [
      ["system", 1, "AzureLinux3"],
      ["user", 2, "Ubuntu2404"],
      ["vm612", 1, "Ubuntu2404"],
    ],
  );
  assert.equal(cluster.desiredMode, "None");
});

test("its policy is one that ARM would take, with an override that says why the guard may be toothless", () => {
  const now = as<Instant>(Date.UTC(2026, 0, 1));
  const policy = labPolicy(now, false);
  assert.deepEqual(changeRolloutPolicy({}, policy, { now, overridableRules }), { policy });
  assert.deepEqual(policy.preflightOverrides, [
    { ruleId: "PF-017", reason: "the machine's kernel lets nobody refuse rules", expiresAt: "2026-04-01T00:00:00.000Z" },
  ]);
});

test("where nodes are emulated, a node is given more time for each step, within the bounds of a policy", () => {
  const now = as<Instant>(Date.parse("2026-01-01T00:00:00Z"));
  const usual = labPolicy(now, false);
  const patient = labPolicy(now, true);
  assert.ok(patient.switchTimeoutMs > usual.switchTimeoutMs && patient.confirmSeconds > usual.confirmSeconds);
  assert.deepEqual(changeRolloutPolicy({}, patient, { now, overridableRules }), { policy: patient });
});
