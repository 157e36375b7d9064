import type { Line } from "./line.ts";

const on = [
  "properties.networkProfile.advancedNetworking.enabled=true",
  "properties.networkProfile.advancedNetworking.observability.enabled=true",
  "properties.networkProfile.advancedNetworking.performance.accelerationMode=BpfVeth",
].join(" ");
const routing = "{cluster}/hostRoutings/default";

/** `az resource` and `az rest`, which know nothing of AKS. */
export const resourceLines: readonly Line[] = [
  {
    az: "resource list --query [].[name,type,provisioningState] -o tsv",
    requests: ["GET resources"],
    prints: /^failing\tMicrosoft\.ContainerService\/managedClusters\tFailed\nheld\t.*\none\t.*\ntwo\t.*\n$/,
  },
  {
    // A group is a filter too, after az has looked whether it is there.
    az: "resource list -g lab --resource-type Microsoft.ContainerService/managedClusters --query [].name -o tsv",
    requests: ["GET group", "GET resources"],
    prints: /^failing\nheld\none\ntwo\n$/,
  },
  {
    az: "resource list --location 'West Europe' --name two --query [].resourceGroup -o tsv",
    requests: ["GET locations", "GET resources"],
    prints: /^Lab\n$/,
  },
  // `aks update --tags` of an earlier line took the tag of `held` away.
  { az: "resource list --tag team=net --query [].name -o tsv", requests: ["GET resources"], prints: /^failing\none\ntwo\n$/ },
  { az: "resource list --tag te* --query [].name -o tsv", requests: ["GET resources"], prints: /^failing\none\ntwo\n$/ },
  { az: "resource show --ids {cluster} --query name -o tsv", requests: ["GET provider", "GET cluster"], prints: /^one$/m },
  {
    az: "resource show -g Lab -n one --resource-type Microsoft.ContainerService/managedClusters --query name -o tsv",
    requests: ["GET provider", "GET cluster"],
    prints: /^one$/m,
  },
  { az: "resource show --ids {cluster} --api-version 2026-04-01 --query name -o tsv", requests: ["GET cluster"], prints: /^one$/m },
  {
    az: `resource update --ids {cluster} --set ${on} --query properties.networkProfile.advancedNetworking.performance`,
    requests: ["GET provider", "GET cluster", "GET provider", "PUT cluster", "GET operations", "GET cluster"],
    prints: /"accelerationMode": "BpfVeth"/,
  },
  {
    az: `resource show --ids ${routing} --api-version 2026-04-01 --query properties.desiredMode -o tsv`,
    requests: ["GET cluster/hostroutings/default"],
    prints: /^BpfVeth$/m,
  },
  {
    az: "resource show -g Lab --namespace Microsoft.ContainerService --parent managedClusters/one --resource-type hostRoutings -n default --query properties.provisioningState -o tsv",
    requests: ["GET provider", "GET cluster/hostroutings/default"],
    prints: /^Succeeded$/m,
  },
  {
    az: `resource update --ids ${routing} --api-version 2026-04-01 --set properties.rolloutPolicy.maxUnavailable=3 --query properties.rolloutPolicy.maxUnavailable`,
    requests: ["GET cluster/hostroutings/default", "PUT cluster/hostroutings/default"],
    prints: /^3$/m,
  },
  {
    az: `resource invoke-action --ids ${routing} --action pause --api-version 2026-04-01`,
    exit: 1,
    requests: ["POST cluster/hostroutings/default/pause 409"],
    tells: /^ERROR: \(OperationNotAllowed\)/,
  },
  {
    az: `rest --method get --url ${routing}?api-version=2026-04-01 --query properties.desiredMode -o tsv`,
    requests: ["GET cluster/hostroutings/default"],
    prints: /^BpfVeth$/m,
  },
  {
    az: `rest --method get --url {base}/subscriptions/{subscriptionId}/providers/Microsoft.ContainerService/managedClusters?api-version=2026-07-01 --query value[].name`,
    requests: ["GET clusters"],
    prints: /"one"/,
  },
  {
    az: `rest --method patch --url ${routing}?api-version=2026-04-01 --body '{"properties":{"rolloutPolicy":{"maxUnavailable":2}}}' --query properties.rolloutPolicy.maxUnavailable`,
    requests: ["PATCH cluster/hostroutings/default"],
    prints: /^2$/m,
  },
  {
    az: `rest --method post --url ${routing}/pause?api-version=2026-04-01`,
    exit: 1,
    requests: ["POST cluster/hostroutings/default/pause 409"],
    tells: /^ERROR: Conflict\(\{"error":\{"code":"OperationNotAllowed"/,
  },
  {
    az: `rest --method get --url ${routing}?api-version=2026-04-01 --skip-authorization-header`,
    exit: 1,
    requests: ["GET cluster/hostroutings/default 401"],
    tells: /AuthenticationFailed/,
  },
  {
    az: "rest --method get --url {cluster}?api-version=1999-01-01",
    exit: 1,
    requests: ["GET cluster 400"],
    tells: /NoRegisteredProviderFound/,
  },
];
