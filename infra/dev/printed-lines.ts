import type { ReadyFile } from "./ready-file.ts";

/** What the lines depend on beside the ready file's content. */
export type PrintedOptions = {
  readonly stateDir: string;
  /** Commands look in the default state folder by themselves. */
  readonly isDefaultStateDir: boolean;
  readonly readyFile: string;
  readonly clientSecretFile: string;
  readonly elapsedMs: number;
};

/** What AKS asks for before host routing may be on. */
const CREATION =
  "--node-count 2 --network-plugin azure --network-plugin-mode overlay --network-dataplane cilium --no-ssh-key --enable-acns --acns-datapath-acceleration-mode BpfVeth";

/** What a person reads once everything is ready: where it is, and lines to paste into a second terminal. The secret is read from its file, not shown. */
export function printedLines(ready: ReadyFile, options: PrintedOptions): string {
  const own = `-g ${ready.resourceGroup} -n mine`;
  const cluster = `-g ${ready.resourceGroup} -n ${ready.cluster}`;
  const at = options.isDefaultStateDir ? "" : ` --ready-file ${options.readyFile}`;
  const hostrouting = (command: string): string => `  npm run -s hostrouting -- ${command}${at}`;
  return [
    `Ready in ${(options.elapsedMs / 1000).toFixed(1)} s: ${ready.arm} (details in ${options.readyFile})`,
    "",
    ...(ready.kubeconfig === ""
      ? ["There is no lab: what follows answers, and finds no cluster to switch."]
      : [
          "The cluster itself:",
          `  npm run -s lab -- kubectl${options.isDefaultStateDir ? "" : ` --state-dir ${options.stateDir}`} get nodes -o wide`,
        ]),
    "",
    "Turn host routing on, look, turn it off:",
    hostrouting("enable"),
    hostrouting("status --watch"),
    hostrouting("disable"),
    "",
    "The same with az:",
    `  export REQUESTS_CA_BUNDLE=${ready.caFile} AZURE_CONFIG_DIR=$(mktemp -d) AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CORE_COLLECT_TELEMETRY=0`,
    `  az cloud register -n HostRouting --endpoint-resource-manager ${ready.arm} && az cloud set -n HostRouting`,
    `  az login --service-principal -u ${ready.clientId} -p "$(cat ${options.clientSecretFile})" --tenant ${ready.tenantId}`,
    `  az aks update ${cluster} --enable-acns --acns-datapath-acceleration-mode BpfVeth`,
    `  az aks update ${cluster} --enable-acns --acns-datapath-acceleration-mode None`,
    "",
    "A cluster of your own, with host routing on from the start, and a node more:",
    `  az aks create ${own} ${CREATION}`,
    `  az aks get-credentials ${own}`,
    `  az aks nodepool scale -g ${ready.resourceGroup} --cluster-name mine -n nodepool1 --node-count 3`,
    `  az aks delete ${own} --yes`,
    "",
    "Ctrl-C ends everything.",
    "",
  ].join("\n");
}
