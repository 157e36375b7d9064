import type { Line } from "./line.ts";

const made = "-g Lab -n made";
const pool = "-g Lab --cluster-name made";
const onto = "--network-plugin azure --network-plugin-mode overlay --network-dataplane cilium --no-ssh-key";
const off = `'{"networkProfile":{"advancedNetworking":{"performance":{"accelerationMode":"None"}}}}'`;

/** `az aks` for a cluster that its provider makes, from `create` to nothing left. */
export const madeClusterLines: readonly Line[] = [
  {
    az: `aks create ${made} --node-count 2 ${onto} --enable-acns --acns-datapath-acceleration-mode BpfVeth --query networkProfile.advancedNetworking`,
    requests: ["GET cluster 404", "GET group", "PUT cluster 201", "GET operations", "GET cluster"],
    prints: /"accelerationMode": "BpfVeth"/,
  },
  { az: `aks get-credentials ${made} -f -`, requests: ["POST cluster/listclusterusercredential"], prints: /token of clusterUser_Lab_made/ },
  {
    az: `aks get-credentials ${made} -f kubeconfig`,
    requests: ["POST cluster/listclusterusercredential"],
    tells: /Merged "made" as current context/,
  },
  {
    az: `aks get-credentials ${made} --admin -f kubeconfig`,
    requests: ["POST cluster/listclusteradmincredential"],
    tells: /Merged "made-admin" as current context/,
  },
  {
    az: `aks nodepool list ${pool} --query [].[name,count,mode] -o tsv`,
    requests: ["GET cluster/agentpools"],
    prints: /^nodepool1\t2\tSystem$/m,
  },
  { az: `aks nodepool show ${pool} -n nodepool1 --query count`, requests: ["GET cluster/agentpools/nodepool1"], prints: /^2$/m },
  {
    az: `aks upgrade ${made} -k 1.37 --yes`,
    exit: 1,
    requests: ["GET cluster", "PUT cluster 400"],
    tells: /\(PropertyChangeNotAllowed\)[^]*kubernetesVersion/,
  },
  {
    az: `aks nodepool scale ${pool} -n nodepool1 --node-count 3 --query count`,
    requests: [
      ...["GET cluster/agentpools/nodepool1", "PUT cluster/agentpools/nodepool1"],
      ...["GET operations", "GET cluster/agentpools/nodepool1"],
    ],
    prints: /^3$/m,
  },
  {
    az: `aks nodepool add ${pool} -n extra --node-count 1 --mode User --query provisioningState -o tsv`,
    requests: ["GET cluster/agentpools", "PUT cluster/agentpools/extra 201", "GET operations", "GET cluster/agentpools/extra"],
    prints: /^Succeeded$/m,
  },
  {
    az: `aks nodepool delete ${pool} -n extra`,
    requests: ["GET cluster/agentpools", "DELETE cluster/agentpools/extra 202", "GET operations"],
  },
  { az: `aks nodepool show ${pool} -n extra`, exit: 3, requests: ["GET cluster/agentpools/extra 404"], tells: /ResourceNotFound/ },
  {
    az: `aks scale ${made} --node-count 2 --query agentPoolProfiles[].count -o tsv`,
    requests: ["GET cluster", "PUT cluster", "GET operations", "GET cluster"],
    prints: /^2$/m,
  },
  {
    az: `resource patch --ids {made} --properties ${off} --query properties.networkProfile.advancedNetworking.performance`,
    requests: ["GET provider", "PATCH cluster 202", "GET operations", "GET cluster"],
    prints: /"accelerationMode": "None"/,
  },
  { az: `aks delete ${made} --yes`, requests: ["DELETE cluster 202", "GET operations"] },
  { az: `aks wait ${made} --deleted --interval 1 --timeout 30`, requests: ["GET cluster 404"] },
  { az: `aks delete ${made} --yes`, requests: ["DELETE cluster 204"] },
];
