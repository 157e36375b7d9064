import type { Line } from "./line.ts";

const heldRouting = "{group}/providers/Microsoft.ContainerService/managedClusters/held/hostRoutings/default";

const changed = ["GET cluster", "PUT cluster", "GET operations", "GET cluster"];
const acns = "--query networkProfile.advancedNetworking -o json";

/** `az aks`: its requests in arm-contract B's order. */
export const clusterLines: readonly Line[] = [
  { az: "aks show -g Lab -n one --query provisioningState -o tsv", requests: ["GET cluster"], prints: /^Succeeded$/m },
  { az: "aks list --query [].name -o tsv", requests: ["GET clusters"], prints: /^failing\nheld\none\ntwo\n$/ },
  { az: "aks list -g lab --query [].name -o tsv", requests: ["GET clusters of the group"], prints: /^failing\nheld\none\ntwo\n$/ },
  { az: "aks list -g empty -o json", requests: ["GET clusters of the group"], prints: /^\[\]$/m },
  { az: "aks get-versions -l westeurope -o table", requests: ["GET kubernetesversions"], prints: /^1\.36\.3 +False +None available/m },
  {
    az: "aks get-upgrades -g Lab -n one -o table",
    requests: ["GET cluster/upgradeprofiles/default"],
    prints: /^default +Lab +1\.36\.3 +None available/m,
  },
  {
    az: "aks nodepool get-upgrades -g Lab --cluster-name one -n user --query [kubernetesVersion,upgrades] -o json",
    requests: ["GET cluster/agentpools/user/upgradeprofiles/default"],
    prints: /"1\.36",\s+\[\]/,
  },
  {
    az: "aks machine list -g Lab --cluster-name two --nodepool-name user --query [].name -o tsv",
    requests: ["GET cluster/agentpools/user/machines"],
    prints: /^aks-user-0\naks-user-1\n$/,
  },
  {
    // az' own table speaks of addresses and zones, and does without.
    az: "aks machine show -g Lab --cluster-name two --nodepool-name user --machine-name aks-user-1 -o table",
    requests: ["GET cluster/agentpools/user/machines/aks-user-1"],
    prints: /^aks-user-1\s*$/m,
  },
  {
    az: "aks machine list -g Lab --cluster-name held --nodepool-name user",
    exit: 1,
    requests: ["GET cluster/agentpools/user/machines 409"],
    tells: /\(MachinesNotKnown\)/,
  },
  {
    az: "aks nodepool delete-machines -g Lab --cluster-name two -n user --machine-names aks-user-1",
    exit: 1,
    requests: ["GET cluster/agentpools", "POST cluster/agentpools/user/deletemachines 400"],
    tells: /\(OperationNotSupported\) Single machines of agent pool 'user'/,
  },
  {
    az: "aks stop -g Lab -n one",
    exit: 1,
    requests: ["GET cluster", "POST cluster/stop 400"],
    tells: /\(OperationNotSupported\) Clusters are not stopped here/,
  },
  { az: "aks start -g Lab -n one", exit: 1, requests: ["POST cluster/start 400"], tells: /\(OperationNotSupported\)/ },
  {
    az: "aks nodepool stop -g Lab --cluster-name one -n user",
    exit: 1,
    requests: ["GET cluster/agentpools", "GET cluster/agentpools/user", "PUT cluster/agentpools/user 400"],
    tells: /\(OperationNotSupported\) Agent pools are not stopped here/,
  },
  {
    az: "aks nodepool upgrade -g Lab --cluster-name one -n user --node-image-only --yes",
    exit: 1,
    requests: ["POST cluster/agentpools/user/upgradenodeimageversion 400"],
    tells: /\(OperationNotSupported\) The node image of agent pool 'user'/,
  },
  {
    az: "aks nodepool upgrade -g Lab --cluster-name one -n user -k 1.37 --yes",
    exit: 1,
    requests: ["GET cluster/agentpools/user", "PUT cluster/agentpools/user 400"],
    tells: /\(PropertyChangeNotAllowed\)[^]*orchestratorVersion/,
  },
  {
    az: "aks command invoke -g Lab -n one -c date",
    exit: 1,
    requests: ["GET cluster", "POST cluster/runcommand 400"],
    tells: /\(OperationNotSupported\)[^]*kubectl/,
  },
  {
    az: "aks rotate-certs -g Lab -n one --yes",
    exit: 1,
    requests: ["POST cluster/rotateclustercertificates 400"],
    tells: /\(OperationNotSupported\)/,
  },
  { az: "aks show -g Lab -n none", exit: 3, requests: ["GET cluster 404"], tells: /^ERROR: \(ResourceNotFound\)/ },
  { az: "aks list -g none", exit: 3, requests: ["GET clusters of the group 404"], tells: /^ERROR: \(ResourceGroupNotFound\)/ },
  {
    az: `aks update -g Lab -n one --enable-acns --acns-datapath-acceleration-mode BpfVeth ${acns}`,
    requests: changed,
    prints: /"accelerationMode": "BpfVeth"/,
  },
  {
    az: "aks show -g Lab -n one --query networkProfile.advancedNetworking.performance.accelerationMode -o tsv",
    requests: ["GET cluster"],
    prints: /^BpfVeth$/m,
  },
  {
    az: `aks update -g Lab -n one --enable-acns --acns-datapath-acceleration-mode none ${acns}`,
    requests: changed,
    prints: /"accelerationMode": "None"/,
  },
  {
    az: "aks update -g Lab -n one --enable-acns --acns-datapath-acceleration-mode BpfVeth --no-wait",
    requests: ["GET cluster", "PUT cluster"],
  },
  { az: "aks wait -g Lab -n one --updated --interval 1 --timeout 30", requests: ["GET cluster"] },
  {
    az: `aks update -g Lab -n one --acns-datapath-acceleration-mode None ${acns}`,
    requests: ["GET cluster", "PUT cluster"],
    prints: /"accelerationMode": "BpfVeth"/,
  },
  {
    az: `aks update -g Lab -n one --disable-acns ${acns}`,
    requests: changed,
    prints: /"enabled": false,[^]*"accelerationMode": "None"/,
  },
  {
    az: "aks update -g Lab -n one --enable-acns --disable-acns",
    exit: 1,
    requests: ["GET cluster"],
    tells: /Cannot specify --enable-acns and --disable-acns/,
  },
  {
    az: "aks update -g Lab -n one --disable-acns --acns-datapath-acceleration-mode BpfVeth",
    exit: 1,
    requests: ["GET cluster"],
    tells: /--disable-acns cannot be used with/,
  },
  {
    az: "aks update -g Lab -n one --disable-acns --acns-datapath-acceleration-mode None",
    exit: 1,
    requests: ["GET cluster"],
    tells: /--disable-acns does not use any additional acns arguments/,
  },
  {
    az: "aks update -g Lab -n one --enable-acns --disable-acns-observability --disable-acns-security",
    exit: 1,
    requests: ["GET cluster"],
    tells: /Cannot disable observability, security, and performance acceleration/,
  },
  {
    az: "aks update -g Lab -n one --enable-acns --acns-datapath-acceleration-mode Fast",
    exit: 2,
    requests: [],
    tells: /'Fast' is not a valid value/,
  },
  {
    az: "aks update -g Lab -n two --enable-acns --acns-datapath-acceleration-mode BpfVeth --if-match stale",
    exit: 1,
    requests: ["GET cluster", "PUT cluster 412"],
    tells: /^ERROR: \(PreconditionFailed\)/,
  },
  {
    az: "aks update -g Lab -n failing --enable-acns --acns-datapath-acceleration-mode BpfVeth",
    exit: 1,
    requests: ["GET cluster", "PUT cluster", "GET operations"],
    tells: /^ERROR: \(PreflightBlocked\) Two checks failed\nCode: PreflightBlocked\nMessage: Two checks failed/,
  },
  { az: "aks show -g Lab -n failing --query provisioningState -o tsv", requests: ["GET cluster"], prints: /^Failed$/m },
  {
    az: "aks update -g Lab -n held --enable-acns --acns-datapath-acceleration-mode BpfVeth --no-wait",
    requests: ["GET cluster", "PUT cluster"],
  },
  {
    az: `resource invoke-action --ids ${heldRouting} --action pause --api-version 2026-04-01`,
    requests: ["POST cluster/hostroutings/default/pause"],
  },
  {
    az: `resource invoke-action --ids ${heldRouting} --action skip --api-version 2026-04-01 --request-body '{"node":"n9","reason":"gone"}'`,
    exit: 3,
    requests: ["POST cluster/hostroutings/default/skip 404"],
    tells: /NodeNotFound/,
  },
  {
    az: "aks operation-abort -g Lab -n held",
    requests: ["GET cluster", "POST cluster/abort 202", "GET operations", "GET operationresults 204"],
  },
  { az: "aks show -g Lab -n held --query provisioningState -o tsv", requests: ["GET cluster"], prints: /^Canceled$/m },
  {
    az: "aks operation-abort -g Lab -n held",
    exit: 1,
    requests: ["GET cluster", "POST cluster/abort 409"],
    tells: /^ERROR: \(OperationNotAllowed\)/,
  },
  {
    az: "aks update -g Lab -n held --enable-acns --acns-datapath-acceleration-mode BpfVeth --no-wait --tags again=yes",
    requests: ["GET cluster", "PUT cluster"],
  },
  {
    az: `resource invoke-action --ids ${heldRouting} --action abort --api-version 2026-04-01`,
    requests: ["POST cluster/hostroutings/default/abort 202", "GET operations", "GET operationresults 204"],
  },
  {
    az: `rest --method get --url ${heldRouting}/operations?api-version=2026-04-01 --query value[].properties.phase`,
    requests: ["GET cluster/hostroutings/default/operations"],
    prints: /"Canceled",\s+"Canceled"/,
  },
];
