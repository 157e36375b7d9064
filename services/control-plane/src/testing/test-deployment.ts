import { ids } from "./test-cluster.ts";
import type { Reply, TestSurface } from "./test-surface.ts";

const V = "api-version=2025-04-01";
/** As az writes the group: in lower case. */
const GROUP = `/subscriptions/${ids.subscriptionId}/resourcegroups/Lab`;
/** A whole minute on a machine that is busy; most of it is the second between two looks at an operation. */
const LOOKS_MAX = 240;
const LOOK_MS = 250;

/** Path and query of a deployment, or of something below it. */
export function deploymentUrl(name: string, below = ""): string {
  return `${GROUP}/providers/Microsoft.Resources/deployments/${name}${below}?${V}`;
}

/** The body that az 2.91 sends: parameters as JSON, the template's text as it stands in the file, under a key without quotes. */
export function spliced(template: string, parameters: Readonly<Record<string, unknown>> = {}, more = ""): string {
  const values = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, { value }]));
  return `{"properties": {"parameters": ${JSON.stringify(values)}${more}, template:${template}}}`;
}

/** A template that sets a cluster's mode, as people write them. */
export const TOGGLE = `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  // which cluster
  "contentVersion": "1.0.0.0", /* and
     how it is */
  "parameters": {
    "clusterName": { "type": "string", "metadata": { "description": "two
lines, with a	tab" } },
    "mode": { "type": "string", "defaultValue": "BpfVeth" },
  },
  "variables": { "type": "Microsoft.ContainerService/managedClusters" },
  "resources": [
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2026-04-01",
      "name": "[parameters('clusterName')]",
      "location": "[resourceGroup().location]",
      "properties": { "networkProfile": { "advancedNetworking": { "enabled": true, "performance": { "accelerationMode": "[parameters('mode')]" } } } },
    },
  ],
  "outputs": {
    "id": { "type": "string", "value": "[resourceId(variables('type'), parameters('clusterName'))]" },
    "mode": { "type": "string", "value": "[reference(resourceId(variables('type'), parameters('clusterName'))).networkProfile.advancedNetworking.performance.accelerationMode]" },
  },
}`;

/** A cluster of a template. */
export function clusterResource(name: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { type: "Microsoft.ContainerService/managedClusters", apiVersion: "2026-04-01", name, location: "westeurope", ...more };
}

/** The properties that set a mode. */
export function modeProperties(accelerationMode: string): Readonly<Record<string, unknown>> {
  return { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode } } } };
}

/** A template of these resources, as text. */
export function templateOf(resources: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): string {
  const $schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
  return JSON.stringify({ $schema, contentVersion: "1.0.0.0", resources, ...more });
}

/** PUT of a deployment. */
export function deploy(surface: TestSurface, name: string, body: string): Promise<Reply> {
  return surface.ask({ method: "PUT", path: deploymentUrl(name), body });
}

/** Looks at something until it is as wanted. @throws Error with what it was last. */
export async function lookUntil<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  let seen = await look();
  for (let turn = 0; !isSo(seen); turn++) {
    if (turn === LOOKS_MAX) throw new Error(`It never came to be so; last: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    seen = await look();
  }
  return seen;
}

/** Follows a deployment to its end, as clients do, and gives it as it is then. */
export async function followDeployment(surface: TestSurface, accepted: Reply): Promise<Reply> {
  const path = String(accepted.headers["azure-asyncoperation"]).slice(surface.base.length);
  await lookUntil(
    () => surface.ask({ path }),
    ({ body }) => ["Succeeded", "Failed", "Canceled"].includes(body.status),
  );
  return surface.ask({ path: deploymentUrl(accepted.body.name) });
}

/** What a deployment did: kind, name of the resource, state and status of each operation. */
export async function operationsOf(surface: TestSurface, name: string): Promise<readonly string[]> {
  const { body } = await surface.ask({ path: `${GROUP}/deployments/${name}/operations?${V}` });
  return body.value.map(
    ({ properties: { provisioningOperation, targetResource, provisioningState, statusCode } }: Reply["body"]) =>
      `${provisioningOperation} ${targetResource?.resourceName ?? "-"} ${provisioningState} ${statusCode}`,
  );
}
