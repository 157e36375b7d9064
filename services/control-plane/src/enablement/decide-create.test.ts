import assert from "node:assert/strict";
import { test } from "node:test";
import { as } from "@hostrouting/domain";
import type { ManagedClusterRequest } from "@hostrouting/contracts";
import { ArmError } from "../arm/arm-error.ts";
import { converterOf } from "../versions/cluster-converter.ts";
import { decideCreate } from "./decide-create.ts";
import type { PutDecision } from "./decide-settings.ts";

/** What `az aks create` sends, as far as it matters here. */
const azBody = {
  location: "westeurope",
  identity: { type: "SystemAssigned" },
  properties: {
    kubernetesVersion: "",
    dnsPrefix: "c-lab-33333",
    agentPoolProfiles: [{ name: "nodepool1", count: 2, vmSize: "", osType: "Linux", mode: "System", enableAutoScaling: false }],
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      advancedNetworking: { enabled: true, performance: { accelerationMode: "BpfVeth" } },
    },
    addonProfiles: {},
    storageProfile: {},
  },
};

function create(body: object, more: { provider?: "lab"; ifMatch?: string } = { provider: "lab" }): PutDecision {
  const path = { subscriptionId: "S", resourceGroup: "Lab", name: "C" };
  return decideCreate({
    name: "C",
    request: body as ManagedClusterRequest,
    converter: converterOf("2026-04-01"),
    preconditions: { ifMatch: more.ifMatch, ifNoneMatch: undefined },
    creation: more.provider && { path, provider: more.provider },
    principal: { tenantId: "t", objectId: "o", name: "someone", type: "User" },
    operationId: as("op"),
    etag: "e1",
    now: "2026-04-02T00:00:00.000Z",
  });
}

function codes({ result }: PutDecision): readonly string[] {
  assert.ok(result instanceof ArmError);
  const { fault } = result;
  return (fault.code === "MultipleErrorsOccurred" ? (fault.details ?? []) : [fault]).map((one) =>
    `${one.code} ${one.subcode ?? one.target ?? ""}`.trim(),
  );
}

test("az's body becomes a cluster with everything that AKS fills in, its provider's work, and one operation", () => {
  const { change, result } = create(azBody);
  assert.ok(!(result instanceof ArmError) && change?.cluster);
  assert.equal(result.isNew, true);
  const { cluster, begin, provision, isNew } = change;
  assert.deepEqual([isNew, begin?.kind, begin?.mode, begin?.control?.provision], [true, "CreateManagedCluster", "BpfVeth", "First"]);
  assert.deepEqual(provision, { provider: "lab", present: true, generation: 1 });
  assert.deepEqual(
    [cluster.id, cluster.resourceGroup, cluster.provisioningState, cluster.desiredMode, cluster.activeOperationId],
    ["/subscriptions/s/resourcegroups/lab/providers/microsoft.containerservice/managedclusters/c", "Lab", "Creating", "BpfVeth", "op"],
  );
  assert.deepEqual(cluster.envelope, { sku: { name: "Base", tier: "Free" }, identity: { type: "SystemAssigned" } });
  const { kubernetesVersion, nodeResourceGroup, dnsPrefix, servicePrincipalProfile } = cluster.properties;
  assert.deepEqual(
    [kubernetesVersion, nodeResourceGroup, dnsPrefix, servicePrincipalProfile],
    ["1.36", "MC_Lab_C_westeurope", "c-lab-33333", { clientId: "msi" }],
  );
  assert.deepEqual(cluster.properties["agentPoolProfiles"], [
    {
      count: 2,
      vmSize: "Standard_D2s_v5",
      osType: "Linux",
      osSKU: "Ubuntu",
      mode: "System",
      type: "VirtualMachineScaleSets",
      orchestratorVersion: "1.36",
      name: "nodepool1",
      enableAutoScaling: false,
    },
  ]);
  const network = cluster.properties["networkProfile"] as Record<string, unknown>;
  assert.deepEqual(
    [network["podCidrs"], network["serviceCidrs"], network["dnsServiceIP"]],
    [["10.244.0.0/16"], ["10.0.0.0/16"], "10.0.0.10"],
  );
  assert.deepEqual(network["advancedNetworking"], {
    enabled: true,
    observability: { enabled: true },
    security: { enabled: true, advancedNetworkPolicies: "FQDN", transitEncryption: { type: "None" } },
    performance: { accelerationMode: "BpfVeth" },
  });
});

test("without acceleration the provider does all of it", () => {
  const { change } = create({ ...azBody, properties: { ...azBody.properties, networkProfile: {} } });
  assert.deepEqual([change?.begin?.mode, change?.begin?.control?.provision], ["None", "Alone"]);
});

test("everything that is wrong is said at once", () => {
  const bad = {
    tags: { "<": "x" },
    properties: {
      kubernetesVersion: "1.32",
      agentPoolProfiles: [
        { name: "Bad-Name", count: 0, mode: "System" },
        { name: "ok", count: 1.5, mode: "Gateway" },
      ],
      networkProfile: { networkDataplane: "azure", advancedNetworking: { enabled: false, performance: { accelerationMode: "BpfVeth" } } },
    },
  };
  assert.deepEqual(codes(create(bad)), [
    "LocationRequired location",
    "InvalidTagNameCharacters tags",
    "BadRequest AccelerationRequiresACNS",
    "BadRequest AccelerationRequiresCilium",
    "BadRequest AccelerationRequiresKubernetesVersion",
    "BadRequest AccelerationExcludesStaticEgressGateway",
    "BadRequest AccelerationRequiresSupportedAgentPools",
    "InvalidParameter agentPoolProfiles.Bad-Name.name",
    "InvalidParameter agentPoolProfiles.Bad-Name.count",
    "InvalidParameter agentPoolProfiles.ok.count",
    "InvalidParameter agentPoolProfiles.ok.mode",
    "K8sVersionNotSupported kubernetesVersion",
  ]);
});

for (const location of ["日本", "a/b?c", "x\r\ny: z", "e".repeat(65)])
  test(`${JSON.stringify(location)} is no location`, () =>
    assert.deepEqual(codes(create({ ...azBody, location })), ["LocationNotAvailableForResourceType location"]));

test("a cluster needs a pool of mode System, and no two of a name", () => {
  const pool = { name: "np", mode: "User" };
  assert.deepEqual(codes(create({ location: "x", properties: {} })), ["InvalidParameter agentPoolProfiles"]);
  assert.deepEqual(codes(create({ location: "x", properties: { agentPoolProfiles: [pool, pool] } })), [
    "InvalidParameter agentPoolProfiles",
    "InvalidParameter agentPoolProfiles",
  ]);
});

test("an installation without a provider makes none; a condition on what is not there is 412", () => {
  assert.deepEqual(codes(create(azBody, {})), ["BadRequest name"]);
  assert.deepEqual(codes(create({ properties: {} }, {})), ["LocationRequired location"]);
  assert.deepEqual(codes(create(azBody, { provider: "lab", ifMatch: "*" })), ["PreconditionFailed"]);
});
