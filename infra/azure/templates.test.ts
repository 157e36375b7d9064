import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { planTemplate, type JsonObject, type JsonValue } from "@hostrouting/template";

const read = (file: string): string => readFileSync(path.join(import.meta.dirname, file), "utf8");
const CLUSTER = "Microsoft.ContainerService/managedClusters";

const pairs: Readonly<Record<string, { readonly id: string; readonly body: JsonObject }>> = {
  "enable-host-routing": {
    id: `${CLUSTER}/c1`,
    body: {
      location: "westeurope",
      properties: {
        networkProfile: {
          advancedNetworking: {
            enabled: true,
            observability: { enabled: true },
            security: { enabled: true },
            performance: { accelerationMode: "BpfVeth" },
          },
        },
      },
    },
  },
  "create-cluster": {
    id: `${CLUSTER}/c1`,
    body: {
      location: "westeurope",
      identity: { type: "SystemAssigned" },
      properties: {
        dnsPrefix: "c1-PREFIX",
        agentPoolProfiles: [
          { name: "nodepool1", mode: "System", count: 2, vmSize: "Standard_D4s_v5", osType: "Linux", osSKU: "AzureLinux" },
        ],
        networkProfile: {
          networkPlugin: "azure",
          networkPluginMode: "overlay",
          networkDataplane: "cilium",
          advancedNetworking: { enabled: true, performance: { accelerationMode: "BpfVeth" } },
        },
      },
    },
  },
  "rollout-policy": {
    id: `${CLUSTER}/c1/hostRoutings/default`,
    body: { properties: { rolloutPolicy: { maxUnavailable: 1, onFailure: "Pause" } } },
  },
};

/** What a Bicep file declares, by the words that begin its lines. */
function declared(bicep: string): { parameters: string[]; outputs: string[]; resources: string[] } {
  const all = (pattern: RegExp): string[] => [...bicep.matchAll(pattern)].map(([, found = ""]) => found).sort();
  return {
    parameters: all(/^param (\w+ \w+)/gm),
    outputs: all(/^output (\w+ \w+)/gm),
    resources: all(/^resource \w+ '([^']+)' = \{/gm),
  };
}

for (const [name, { id, body }] of Object.entries(pairs)) {
  test(`${name}.json plans to the resource that is meant`, () => {
    const plan = planTemplate({
      template: JSON.parse(read(`${name}.json`)) as JsonValue,
      parameters: { clusterName: { value: "c1" } },
      deploymentName: name,
      mode: "Incremental",
      scope: {
        tenantId: "t",
        subscriptionId: "s",
        subscriptionName: "s",
        resourceGroup: { name: "rg", location: "westeurope", tags: {} },
        environment: {},
      },
      nowMs: 0,
      newGuid: (key) => key,
      resourceTypes: [CLUSTER, `${CLUSTER}/hostRoutings`],
    });
    assert.deepEqual(plan.problems, []);
    assert.deepEqual(
      plan.resources.map((resource) => resource.id),
      [`/subscriptions/s/resourceGroups/rg/providers/${id}`],
    );
    const planned = JSON.stringify(plan.resources[0]?.body).replace(/c1-[a-z2-7]{13}/, "c1-PREFIX");
    assert.deepEqual(JSON.parse(planned), body);
  });

  test(`${name}.bicep and its JSON declare the same`, () => {
    const json = JSON.parse(read(`${name}.json`)) as Record<"parameters" | "outputs", Record<string, { type: string }>> & {
      resources: { type: string; apiVersion: string }[];
    };
    const typed = (members: Record<string, { type: string }>): string[] =>
      Object.entries(members)
        .map(([key, { type }]) => `${key} ${type}`)
        .sort();
    assert.deepEqual(declared(read(`${name}.bicep`)), {
      parameters: typed(json.parameters),
      outputs: typed(json.outputs),
      resources: json.resources.map(({ type, apiVersion }) => `${type}@${apiVersion}`).sort(),
    });
  });
}
