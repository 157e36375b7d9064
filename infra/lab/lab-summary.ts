import type { LabStatus } from "./lab-status.ts";

/** What `lab status` says of the lab of a state folder. Pure. */
export function labSummary(found: LabStatus, stateDir: string): string {
  if (found.state === "absent") return `no lab runs for the state folder ${stateDir}; --state-dir names another one`;
  const { record } = found;
  const width = Math.max(...record.nodes.map(({ name }) => name.length));
  const nodes = record.nodes.map((node) => {
    const { name, addresses } = node;
    const ready = found.readyNodes === undefined ? "unknown" : found.readyNodes.includes(name) ? "Ready" : "NotReady";
    const way = node.kind === "Namespaces" ? `nsenter --net=/run/netns/${node.netns}` : `Linux ${node.kernelRelease}, says ${node.console}`;
    return `  ${name.padEnd(width)} ${ready.padEnd(9)} ${addresses[0].padEnd(13)} ${addresses[1].padEnd(15)} ${way}`;
  });
  return [
    `lab ${record.id}: ${found.state}, Kubernetes ${record.kubernetesVersion} at ${record.server}`,
    ...nodes,
    ...(found.ended.length > 0 ? [`  ended: ${found.ended.join(", ")}`] : []),
    `  bundle     ${record.bundleImage}`,
    `  memory     ${Math.round(found.memoryBytes / 1024 ** 2)} MiB without pods`,
    `  kubeconfig ${record.adminKubeconfig}`,
  ].join("\n");
}
