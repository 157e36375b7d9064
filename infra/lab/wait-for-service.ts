import { runCommand } from "../images/run-command.ts";
import type { ApiClient } from "./api-client.ts";
import type { MachinePlan, NamespacePlan, NodePlan } from "./lab-plan.ts";
import { waitUntil } from "./wait-until.ts";

const ASK_EVERY_MS = 50;
const TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** A command in a pod of an emulated machine takes some seconds to start, more while others start there. */
const POD_CONNECT_TIMEOUT_MS = 30_000;
const PORT = 80;

/**
 * Waits until the demo application's Service answers from every node, in both families: kube-proxy programs its rules in its own time,
 * and until then refuses what is sent to a Service whose pods are long ready.
 */
export async function waitForService(api: ApiClient, nodes: readonly NodePlan[], signal?: AbortSignal): Promise<void> {
  const { spec } = await api.json<{ spec: { clusterIPs: string[] } }>({ method: "GET", path: "/api/v1/namespaces/demo/services/web" });
  const { clusterIPs } = spec;
  await Promise.all(
    nodes.map((node) => {
      const ask = (): Promise<void> =>
        node.kind === "Machine" ? connectInPod(api, node, clusterIPs) : connectIn(node, clusterIPs, signal);
      const remedy = `Read what ${node.name}'s kube-proxy says, in the state folder under lab/log`;
      const what = `${clusterIPs.join(" and ")} to answer on ${node.name}`;
      return waitUntil({ what, everyMs: ASK_EVERY_MS, timeoutMs: TIMEOUT_MS, remedy, signal }, () => ask().then(() => true as const));
    }),
  );
}

function connecting(addresses: readonly string[]): string[] {
  return ["bash", "-ec", addresses.map((ip) => `exec 3<>/dev/tcp/${ip}/${PORT}`).join("\n")];
}

async function connectIn(node: NamespacePlan, addresses: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const argv = ["nsenter", `--net=/run/netns/${node.netns}`, ...connecting(addresses)];
  await runCommand({ argv, timeoutMs: CONNECT_TIMEOUT_MS, signal });
}

/** Into a machine leads only its kubelet, which runs a command in a pod and answers 200 when that ended with 0. */
async function connectInPod(api: ApiClient, node: MachinePlan, addresses: readonly string[]): Promise<void> {
  const query = connecting(addresses).map((word) => `cmd=${encodeURIComponent(word)}`);
  const path = `/api/v1/nodes/${node.name}/proxy/run/demo/${await trafficPod(api, node)}/traffic?${query.join("&")}`;
  const answer = await api.call({ method: "POST", path, timeoutMs: POD_CONNECT_TIMEOUT_MS });
  if (answer.status !== 200) throw new Error(answer.text);
}

async function trafficPod(api: ApiClient, node: MachinePlan): Promise<string> {
  const query = `labelSelector=app%3Dtraffic&fieldSelector=spec.nodeName%3D${node.name}`;
  const path = `/api/v1/namespaces/demo/pods?${query}`;
  const { items } = await api.json<{ items: { metadata: { name: string } }[] }>({ method: "GET", path });
  const [pod] = items;
  if (!pod) throw new Error(`no pod of the demo application's traffic is on ${node.name}`);
  return pod.metadata.name;
}
