import assert from "node:assert/strict";
import { test } from "node:test";
import { acceleratable } from "../testing/test-cluster.ts";
import { admissionFaults } from "./admission.ts";
import type { JsonObject } from "./json-object.ts";

const fast = { ...acceleratable.networkProfile.advancedNetworking, performance: { accelerationMode: "BpfVeth" } };
const pool = (changes: object): object => ({ name: "p", mode: "User", osType: "Linux", osSKU: "AzureLinux3", ...changes });

function properties(changes: { network?: object; pool?: object; version?: string }): JsonObject {
  return {
    ...acceleratable,
    ...(changes.version !== undefined && { kubernetesVersion: changes.version, currentKubernetesVersion: changes.version }),
    ...(changes.pool && { agentPoolProfiles: [pool(changes.pool)] }),
    networkProfile: { ...acceleratable.networkProfile, advancedNetworking: fast, ...changes.network },
  };
}

const off = (more: object): object => ({ advancedNetworking: { ...acceleratable.networkProfile.advancedNetworking, ...more } });
const rows: readonly (readonly [name: string, properties: JsonObject, subcodes: readonly string[]])[] = [
  ["all is well", properties({}), []],
  [
    "off is never refused, whatever else is wrong",
    properties({ version: "1.20", pool: { osSKU: "Windows2019", osType: "Windows" }, network: { ...off({}), networkDataplane: "azure" } }),
    [],
  ],
  ["ACNS off", properties({ network: { advancedNetworking: { ...fast, enabled: false } } }), ["AccelerationRequiresACNS"]],
  ["dataplane in capitals", properties({ network: { networkDataplane: "Cilium" } }), []],
  ["another dataplane", properties({ network: { networkDataplane: "azure" } }), ["AccelerationRequiresCilium"]],
  ["Kubernetes 1.33", properties({ version: "1.33.0", pool: {} }), []],
  ["Kubernetes 1.32", properties({ version: "1.32.9", pool: {} }), ["AccelerationRequiresKubernetesVersion"]],
  ["Kubernetes of no version", properties({ version: "", pool: { osSKU: "Ubuntu2404" } }), ["AccelerationRequiresKubernetesVersion"]],
  [
    "static egress gateway",
    properties({ network: { staticEgressGatewayProfile: { enabled: true } } }),
    ["AccelerationExcludesStaticEgressGateway"],
  ],
  ["a gateway pool", properties({ pool: { mode: "Gateway" } }), ["AccelerationExcludesStaticEgressGateway"]],
  ["Ubuntu 22.04", properties({ pool: { osSKU: "Ubuntu2204" } }), ["AccelerationRequiresSupportedAgentPools"]],
  ["Ubuntu by its short name on 1.36", properties({ pool: { osSKU: "Ubuntu" } }), []],
  [
    "Ubuntu by its short name on 1.34",
    properties({ version: "1.34", pool: { osSKU: "Ubuntu" } }),
    ["AccelerationRequiresSupportedAgentPools"],
  ],
  ["Windows", properties({ pool: { osType: "Windows", osSKU: "Windows2022" } }), ["AccelerationRequiresSupportedAgentPools"]],
  ["pod sandboxing", properties({ pool: { workloadRuntime: "KataVmIsolation" } }), ["AccelerationRequiresSupportedAgentPools"]],
  ["confidential VMs", properties({ pool: { vmSize: "Standard_DC4as_v5" } }), ["AccelerationRequiresSupportedAgentPools"]],
  ["ordinary VMs of a like name", properties({ pool: { vmSize: "Standard_D4s_v5" } }), []],
  [
    "all at once: every rule answers",
    properties({
      version: "1.30",
      pool: { osSKU: "Mariner" },
      network: { networkDataplane: "", staticEgressGatewayProfile: { enabled: true }, advancedNetworking: { ...fast, enabled: false } },
    }),
    [
      "AccelerationRequiresACNS",
      "AccelerationRequiresCilium",
      "AccelerationRequiresKubernetesVersion",
      "AccelerationExcludesStaticEgressGateway",
      "AccelerationRequiresSupportedAgentPools",
    ],
  ],
  [
    "ACNS on with nothing in it",
    properties({ network: off({ observability: { enabled: false }, security: { enabled: false } }) }),
    ["AdvancedNetworkingWithoutFeatures"],
  ],
  [
    "ACNS with acceleration alone",
    properties({ network: { advancedNetworking: { ...fast, observability: { enabled: false }, security: { enabled: false } } } }),
    [],
  ],
];

for (const [name, given, subcodes] of rows)
  test(name, () =>
    assert.deepEqual(
      admissionFaults(given).map((fault) => fault.subcode),
      subcodes,
    ),
  );
