import type { Line } from "./line.ts";

const somebody = "99999999-9999-4999-8999-999999999999";
const feature = "--namespace Microsoft.ContainerService -n AdvancedNetworkingPerformancePreview --query properties.state -o tsv";

/** Role assignments, providers, features, resource groups: what az asks of the neighbours of our provider. */
export const neighbourLines: readonly Line[] = [
  {
    az: `role assignment create --assignee-object-id ${somebody} --assignee-principal-type ServicePrincipal --role Reader --scope {cluster}`,
    requests: ["GET roledefinitions", "PUT roleassignment 201"],
    prints: /"roleDefinitionId": "[^"]*acdd72a7-3385-48ef-bd42-f606fba81ae7"/,
  },
  {
    // There is no Graph to ask for names of principals: az is refused, and leaves them empty.
    az: `role assignment list --assignee-object-id ${somebody} --scope {cluster} --query [].roleDefinitionName -o tsv`,
    requests: ["GET roleassignments", "GET roledefinitions", "POST graph 400"],
    prints: /^Reader$/m,
  },
  {
    az: `role assignment delete --assignee-object-id ${somebody} --scope {cluster}`,
    requests: ["GET roleassignments", "DELETE roleassignment"],
  },
  { az: "role definition list --name Reader --query [].roleName -o tsv", requests: ["GET roledefinitions"], prints: /^Reader$/m },
  {
    az: "provider operation show --namespace Microsoft.ContainerService --query resourceTypes[].operations[].name -o tsv",
    requests: ["GET provideroperations/namespace"],
    prints: /^Microsoft\.ContainerService\/managedClusters\/hostRoutings\/pause\/action$/m,
  },
  {
    az: "provider operation list --query [].displayName -o tsv",
    requests: ["GET provideroperations"],
    prints: /^Microsoft Container Service$/m,
  },
  {
    az: "rest --method get --url {cluster}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01 --query value[].actions",
    requests: ["GET permissions"],
    prints: /"\*"/,
  },
  { az: "provider list --query [].namespace -o tsv", requests: ["GET providers"], prints: /^Microsoft\.ContainerService$/m },
  { az: "provider register -n Microsoft.ContainerService", requests: ["POST provider/register"] },
  {
    az: "feature list --namespace Microsoft.ContainerService --query [].name -o tsv",
    requests: ["GET features"],
    prints: /^Microsoft\.ContainerService\/AdvancedNetworkingPerformancePreview$/m,
  },
  { az: `feature register ${feature}`, requests: ["POST feature/register"], prints: /^Registered$/m },
  { az: `feature show ${feature}`, requests: ["GET feature"], prints: /^Registered$/m },
  { az: `feature unregister ${feature}`, requests: ["POST feature/unregister"], prints: /^NotRegistered$/m },
  {
    az: "group create -n fresh -l westeurope --query properties.provisioningState -o tsv",
    requests: ["PUT group 201"],
    prints: /^Succeeded$/m,
  },
  { az: "group exists -n fresh", requests: ["HEAD group 204"], prints: /^true$/m },
  { az: "group list --query [].name -o tsv", requests: ["GET groups"], prints: /^fresh$/m },
  { az: "group delete -n fresh --yes", requests: ["DELETE group 202", "GET operationresults"] },
  { az: "group exists -n fresh", requests: ["HEAD group 404"], prints: /^false$/m },
];
