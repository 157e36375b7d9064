import type { Line } from "../az/line.ts";

/** Names in braces stand for values of the stage; `lab` is the cluster that `npm start` registers, `mine` the one that it proposes to make. */
const lab = "-g lab -n lab";
const mine = "-g lab -n mine";
const acns = "--query networkProfile.advancedNetworking -o json";
const BPFVETH = "--enable-acns --acns-datapath-acceleration-mode BpfVeth";
const changed = ["GET cluster", "PUT cluster", "GET operations", "GET cluster"];
const stored = ["GET cluster", "PUT cluster"];

/** Reading, and credentials. */
export const readingLines: readonly Line[] = [
  { az: `aks show ${lab} --query provisioningState -o tsv`, requests: ["GET cluster"], prints: /^Succeeded$/m },
  { az: "aks list --query [].name -o tsv", requests: ["GET clusters"], prints: /^lab$/m },
  { az: "aks list -g lab --query [].name -o tsv", requests: ["GET clusters of the group"], prints: /^lab$/m },
  { az: `aks wait ${lab} --updated --interval 1 --timeout 30`, requests: ["GET cluster"] },
  {
    az: `aks get-credentials ${lab}`,
    requests: ["POST cluster/listclusterusercredential"],
    tells: /Merged "lab" as current context/,
  },
  {
    az: `aks get-credentials ${lab} --admin`,
    requests: ["POST cluster/listclusteradmincredential"],
    tells: /Merged "lab-admin" as current context/,
  },
  {
    az: "rest --method get --url {cluster}/hostRoutings/default?api-version=2026-04-01 --query properties.state -o tsv",
    requests: ["GET cluster/hostroutings/default"],
    prints: /^Disabled$/m,
  },
  {
    az: "rest --method get --url {arm}/subscriptions/{subscriptionId}/providers/Microsoft.ContainerService/managedClusters?api-version=2026-07-01 --query value[].name -o tsv",
    requests: ["GET clusters"],
    prints: /^lab$/m,
  },
  { az: "resource show --ids {cluster} --query name -o tsv", requests: ["GET provider", "GET cluster"], prints: /^lab$/m },
  { az: "resource show --ids {cluster} --api-version 2026-04-01 --query name -o tsv", requests: ["GET cluster"], prints: /^lab$/m },
  {
    az: `resource show ${lab} --resource-type Microsoft.ContainerService/managedClusters --query name -o tsv`,
    requests: ["GET provider", "GET cluster"],
    prints: /^lab$/m,
  },
];

/** `advancedNetworking` as it is returned: on, and apart from what is named as it is by default. */
function withAcns(different: { observability?: boolean; security?: boolean; policies?: string; encryption?: string; mode?: string }) {
  const { observability = true, security = true, policies = "FQDN", encryption = "None", mode = "None" } = different;
  return {
    enabled: true,
    observability: { enabled: observability },
    performance: { accelerationMode: mode },
    security: { enabled: security, advancedNetworkPolicies: policies, transitEncryption: { type: encryption } },
  };
}

const withoutAcns = {
  enabled: false,
  observability: { enabled: false },
  performance: { accelerationMode: "None" },
  security: { enabled: false, advancedNetworkPolicies: "None", transitEncryption: { type: "None" } },
};

const flag = (flags: string, returns: unknown): Line => ({ az: `aks update ${lab} ${flags} ${acns}`, requests: stored, returns });

/** Flags that switch nothing, from off to what `npm start` registers: what each of them stores. */
export const flagLines: readonly Line[] = [
  flag("--disable-acns", withoutAcns),
  // az sends the policies that are there, and off has none.
  flag("--enable-acns", withAcns({ policies: "None" })),
  flag("--enable-acns --acns-datapath-acceleration-mode none", withAcns({ policies: "None" })),
  flag("--enable-acns --acns-advanced-networkpolicies L7", withAcns({ policies: "L7" })),
  flag("--enable-acns --acns-advanced-networkpolicies None", withAcns({ policies: "None" })),
  flag("--enable-acns --acns-advanced-networkpolicies FQDN", withAcns({})),
  flag("--enable-acns --disable-acns-observability", withAcns({ observability: false })),
  flag("--enable-acns --disable-acns-security", withAcns({ security: false, policies: "None" })),
  flag(
    "--enable-acns --acns-advanced-networkpolicies FQDN --acns-transit-encryption-type WireGuard",
    withAcns({ encryption: "WireGuard" }),
  ),
  flag("--acns-transit-encryption-type None", withAcns({})),
  flag("--acns-datapath-acceleration-mode BpfVeth", withAcns({})),
];

/** On, as `npm start` prints it; and what is sent while it is on and changes nothing of it. */
export const onLines: readonly Line[] = [
  { az: `aks update ${lab} ${BPFVETH}`, requests: changed, prints: /"accelerationMode": "BpfVeth"/ },
  flag("--enable-acns", withAcns({ mode: "BpfVeth" })),
  flag("--acns-datapath-acceleration-mode None", withAcns({ mode: "BpfVeth" })),
];

/** Off by commands that know nothing of AKS. */
export const patchOffLine: Line = {
  az: `resource patch --ids {cluster} --properties '{"networkProfile":{"advancedNetworking":{"performance":{"accelerationMode":"None"}}}}' --query properties.networkProfile.advancedNetworking.performance`,
  requests: ["GET provider", "PATCH cluster 202", "GET operations", "GET cluster"],
  returns: { accelerationMode: "None" },
};
export const updateOffLine: Line = {
  az: "resource update --ids {cluster} --set properties.networkProfile.advancedNetworking.performance.accelerationMode=None --query properties.networkProfile.advancedNetworking.performance",
  requests: ["GET provider", "GET cluster", "GET provider", "PUT cluster", "GET operations", "GET cluster"],
  returns: { accelerationMode: "None" },
};

/** On by a template. */
export const deployOnLine: Line = {
  az: "deployment group create -g lab --template-file {templates}/enable-host-routing.json -p clusterName=lab --query properties.outputs.accelerationMode.value -o tsv",
  requests: ["POST deployment/validate", "PUT deployment 201", "GET deployment status", "GET deployment"],
  prints: /^BpfVeth$/m,
};

/** On without waiting for it; called off; and off, as `npm start` prints it. */
export const beginLine: Line = { az: `aks update ${lab} ${BPFVETH} --no-wait`, requests: stored };
export const abortLines: readonly Line[] = [
  {
    az: `aks operation-abort ${lab}`,
    requests: ["GET cluster", "POST cluster/abort 202", "GET operations", "GET operationresults 204"],
  },
  { az: `aks show ${lab} --query provisioningState -o tsv`, requests: ["GET cluster"], prints: /^Canceled$/m },
  {
    az: `aks update ${lab} --enable-acns --acns-datapath-acceleration-mode None`,
    requests: changed,
    prints: /"accelerationMode": "None"/,
  },
];

/** A cluster that is made with host routing on. */
export const createLines: readonly Line[] = [
  {
    az: `aks create ${mine} --node-count 2 --network-plugin azure --network-plugin-mode overlay --network-dataplane cilium --no-ssh-key ${BPFVETH}`,
    requests: ["GET cluster 404", "GET group", "PUT cluster 201", "GET operations", "GET cluster"],
    prints: /"accelerationMode": "BpfVeth"/,
  },
  {
    az: `aks get-credentials ${mine}`,
    requests: ["POST cluster/listclusterusercredential"],
    tells: /Merged "mine" as current context/,
  },
];
export const scaleLine: Line = {
  az: "aks nodepool scale -g lab --cluster-name mine -n nodepool1 --node-count 3",
  requests: [
    ...["GET cluster/agentpools/nodepool1", "PUT cluster/agentpools/nodepool1"],
    ...["GET operations", "GET cluster/agentpools/nodepool1"],
  ],
  prints: /"count": 3/,
};
export const deleteLines: readonly Line[] = [
  { az: `aks delete ${mine} --yes`, requests: ["DELETE cluster 202", "GET operations"] },
  { az: `aks wait ${mine} --deleted --interval 1 --timeout 30`, requests: ["GET cluster 404"] },
];

/** All of them, in the order in which they run. */
export const everyLine: readonly Line[] = [
  ...[readingLines, flagLines, onLines, [patchOffLine, deployOnLine, updateOffLine]],
  ...[[beginLine], abortLines, createLines, [scaleLine], deleteLines],
].flat();
