import { planTemplate } from "../plan-deployment.ts";
import type { JsonObject, JsonValue } from "../json-value.ts";
import type { TemplateInput, TemplatePlan } from "../template-plan.ts";

/** The subscription and group that templates of tests are deployed to. */
export const GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1";

/** The type of managed clusters. */
export const CLUSTER = "Microsoft.ContainerService/managedClusters";
/** A cluster of a template. */
export const cluster = (name: string, rest: JsonObject = {}): JsonObject => ({
  type: CLUSTER,
  apiVersion: "2026-04-01",
  name,
  location: "[resourceGroup().location]",
  ...rest,
});
/** The id of a cluster. */
export const id = (name: string): string => `${GROUP}/providers/${CLUSTER}/${name}`;
/** An input with everything but what a test is about. */
export function inputOf(template: JsonValue, parameters?: JsonValue): TemplateInput {
  return {
    template,
    parameters,
    deploymentName: "deploy1",
    mode: "Incremental",
    scope: {
      tenantId: "00000000-0000-0000-0000-00000000000f",
      subscriptionId: "00000000-0000-0000-0000-000000000001",
      subscriptionName: "Development",
      resourceGroup: { name: "rg1", location: "westeurope", tags: { team: "net" } },
      environment: { name: "AzureCloud", resourceManager: "https://management.example/" },
    },
    nowMs: Date.UTC(2026, 6, 1, 12, 30, 5, 678),
    newGuid: (key) => `guid-${key}`,
    listActions: [`${CLUSTER}/listClusterUserCredential`],
    deployer: { objectId: "00000000-0000-0000-0000-0000000000dd", userPrincipalName: "ada@example.org" },
  };
}

/** A template of these parts, planned. */
export function planOf(parts: { readonly [member: string]: JsonValue }, parameters?: JsonValue): TemplatePlan {
  return planTemplate(
    inputOf(
      {
        $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        contentVersion: "1.0.0.0",
        resources: [],
        ...parts,
      },
      parameters,
    ),
  );
}

/** A plan as people would write it down: each resource in a line, and each problem. */
export function lines(plan: TemplatePlan): string[] {
  const shortId = (id: string): string => id.replace(`${GROUP}/providers/`, "");
  const resources = plan.resources.map(({ id, apiVersion, condition, existing, dependsOn }) => {
    const marks = `${condition ? "" : " (not deployed)"}${existing ? " (existing)" : ""}`;
    return `${shortId(id)} @${apiVersion}${marks}${dependsOn.length === 0 ? "" : ` after ${dependsOn.map(shortId).join(", ")}`}`;
  });
  return [...resources, ...plan.problems.map(({ code, path, message }) => `${code} ${path}: ${message}`)];
}
