import type { Line } from "./line.ts";

const changed = ["GET cluster", "PUT cluster", "GET operations", "GET cluster"];
const acns = "--query networkProfile.advancedNetworking -o json";

/** `az aks`: its requests in arm-contract B's order. */
export const clusterLines: readonly Line[] = [
  { az: "aks show -g Lab -n one --query provisioningState -o tsv", requests: ["GET cluster"], prints: /^Succeeded$/m },
  { az: "aks list --query [].name -o tsv", requests: ["GET clusters"], prints: /^failing\nheld\none\ntwo\n$/ },
  { az: "aks list -g lab --query [].name -o tsv", requests: ["GET clusters of the group"], prints: /^failing\nheld\none\ntwo\n$/ },
  { az: "aks list -g empty -o json", requests: ["GET clusters of the group"], prints: /^\[\]$/m },
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
    az: "aks operation-abort -g Lab -n held",
    requests: ["GET cluster", "POST cluster/abort 202", "GET operationresults 202", "GET operationresults 204"],
  },
  { az: "aks show -g Lab -n held --query provisioningState -o tsv", requests: ["GET cluster"], prints: /^Canceled$/m },
  {
    az: "aks operation-abort -g Lab -n held",
    exit: 1,
    requests: ["GET cluster", "POST cluster/abort 409"],
    tells: /^ERROR: \(OperationNotAllowed\)/,
  },
];
