import type { Line } from "./line.ts";

const enable = "-g Lab --template-file {templates}/enable-host-routing.json";
const created = ["POST deployment/validate", "PUT deployment 201", "GET deployment status", "GET deployment"];

/** `az deployment` with the templates of infra/azure, as arm-contract D1 has it. */
export const deploymentLines: readonly Line[] = [
  {
    az: `deployment group validate ${enable} -p clusterName=two --query properties.provisioningState -o tsv`,
    requests: ["POST deployment/validate"],
    prints: /^Succeeded$/m,
  },
  {
    az: `deployment group what-if ${enable} -p clusterName=two`,
    requests: ["POST deployment/whatif"],
    prints: /~ properties\.networkProfile\.advancedNetworking\.performance\.accelerationMode: "None" => "BpfVeth"/,
  },
  {
    az: `deployment group create ${enable} -p clusterName=two --query properties.outputs.accelerationMode.value -o tsv`,
    requests: created,
    prints: /^BpfVeth$/m,
  },
  {
    az: "deployment group show -g Lab -n enable-host-routing --query properties.provisioningState -o tsv",
    requests: ["GET deployment"],
    prints: /^Succeeded$/m,
  },
  {
    az: `deployment group what-if ${enable} -p clusterName=two --no-pretty-print --query changes[].changeType -o tsv`,
    requests: ["POST deployment/whatif"],
    prints: /^NoChange$/m,
  },
  {
    az: `deployment group what-if ${enable} -p clusterName=two --mode Complete --no-pretty-print --query changes[].changeType -o tsv`,
    requests: ["POST deployment/whatif"],
    prints: /^NoChange\n(?:Delete\n)+$/,
  },
  {
    az: `deployment group create ${enable} -p clusterName=two --mode Complete --confirm-with-what-if`,
    exit: 1,
    requests: ["POST deployment/whatif"],
    prints: /- Microsoft\.ContainerService\/managedClusters\/one/,
  },
  { az: "deployment group list -g Lab --query [].name -o tsv", requests: ["GET deployments"], prints: /^enable-host-routing$/m },
  {
    az: "deployment operation group list -g Lab -n enable-host-routing --query [].properties.provisioningOperation -o tsv",
    requests: ["GET deployment/operations"],
    prints: /^Create$/m,
  },
  {
    az: `deployment group create ${enable} -n fails -p clusterName=failing`,
    exit: 1,
    requests: created.slice(0, -1),
    tells: /"code":"DeploymentFailed".*"code":"ResourceDeploymentFailure".*"code":"PreflightBlocked","message":"Two checks failed"/,
  },
  {
    az: `deployment group validate ${enable} -n bad -p clusterName=two accelerationMode=Fast`,
    exit: 1,
    requests: ["POST deployment/validate 400"],
    tells: /InvalidTemplate.*allowed value\(s\): 'BpfVeth,None'/,
  },
  {
    az: `deployment group validate ${enable} -n vault -p '{"clusterName":{"reference":{"keyVault":{"id":"/subscriptions/s"},"secretName":"n"}}}'`,
    exit: 1,
    requests: ["POST deployment/validate 400"],
    tells: /InvalidDeploymentParameterValue.*refers to a secret of a key vault.*send it as 'value'/,
  },
  { az: `deployment group create ${enable} -n held -p clusterName=held --no-wait`, requests: created.slice(0, 2) },
  { az: "deployment group cancel -g Lab -n held", requests: ["POST deployment/cancel 204"] },
  {
    az: "deployment group show -g Lab -n held --query properties.provisioningState -o tsv",
    requests: ["GET deployment"],
    prints: /^Canceled$/m,
  },
  {
    az: "deployment group create -g Lab -n policy --template-file {templates}/rollout-policy.json -p clusterName=two --query properties.outputs",
    requests: created,
    prints: /"value": "[^"]*\/hostRoutings\/default"/,
  },
  {
    az: "deployment group create -g Lab --template-file {templates}/create-cluster.json -p clusterName=deployed --query properties.outputs.clusterId.value -o tsv",
    requests: created,
    prints: /\/managedClusters\/deployed$/m,
  },
  { az: "aks delete -g Lab -n deployed --yes", requests: ["DELETE cluster 202", "GET operations"] },
  { az: "deployment group delete -g Lab -n policy", requests: ["DELETE deployment 204"] },
  { az: "deployment group show -g Lab -n policy", exit: 3, requests: ["GET deployment 404"], tells: /DeploymentNotFound/ },
];
