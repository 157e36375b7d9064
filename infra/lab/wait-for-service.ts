import { runCommand } from "../images/run-command.ts";
import type { ApiClient } from "./api-client.ts";
import type { NodePlan } from "./lab-plan.ts";
import { waitUntil } from "./wait-until.ts";

const ASK_EVERY_MS = 50;
const TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 2_000;
const PORT = 80;

/**
 * Waits until the demo application's Service answers from every node, in both families: kube-proxy programs its rules in its own time,
 * and until then refuses what is sent to a Service whose pods are long ready.
 */
export async function waitForService(api: ApiClient, nodes: readonly NodePlan[], signal?: AbortSignal): Promise<void> {
  const { spec } = await api.json<{ spec: { clusterIPs: string[] } }>({ method: "GET", path: "/api/v1/namespaces/demo/services/web" });
  await Promise.all(nodes.flatMap((node) => spec.clusterIPs.map((ip) => waitForAddress(node, ip, signal))));
}

function waitForAddress(node: NodePlan, ip: string, signal: AbortSignal | undefined): Promise<true> {
  const remedy = `Read ${node.name}'s kube-proxy log in the state folder under lab/log`;
  return waitUntil({ what: `${ip} to answer on ${node.name}`, everyMs: ASK_EVERY_MS, timeoutMs: TIMEOUT_MS, remedy, signal }, async () => {
    const connect = ["bash", "-c", `exec 3<>/dev/tcp/${ip}/${PORT}`];
    await runCommand({ argv: ["nsenter", `--net=/run/netns/${node.netns}`, ...connect], timeoutMs: CONNECT_TIMEOUT_MS, signal });
    return true as const;
  });
}
