import assert from "node:assert/strict";
import { expectEnabled } from "./expectations.ts";
import { journeyWhileOn } from "./journey.ts";
import { labNodes, onNode, signalAgent, type LabNode } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { expectEveryPodReached } from "./traffic.ts";
import { until } from "./until.ts";

const NAMESPACE = ["-n", "demo"];

/** An agent that is away must not turn a reused address into a black hole. */
export function reusedAddress(stage: Stage): void {
  const reused = async (): Promise<void> => {
    const [node] = labNodes(stage.stateDir);
    assert.ok(node);
    const addresses = await startReplica(stage, node, "first");
    await expectEveryPodReached(stage);

    const [agent] = await stage.cluster.list("pods", "-n", "acns-hostrouting", "--field-selector", `spec.nodeName=${node.name}`);
    // Stopped, it cannot end in order: the whole grace period goes by without an agent on the node.
    await signalAgent(node, "SIGSTOP");
    const stoppedAt = Date.now();
    await stage.cluster.kubectl("delete", "pod", "-n", "acns-hostrouting", agent?.metadata.name ?? "", "--wait=false");
    await stage.cluster.kubectl("delete", "pod", ...NAMESPACE, "first", "--wait=true");
    assert.deepEqual(await startReplica(stage, node, "second"), addresses, "the addresses are used again");
    await expectEveryPodReached(stage);

    await until("the new agent to adopt", 60_000, async () => {
      const { status } = await stage.cluster.get(`hostroutingnodes/${node.name}`);
      return status?.effectiveMode === "BpfVeth" && Date.parse(status.observedAt ?? "") > stoppedAt;
    });
    await expectEnabled(stage);
    await expectEveryPodReached(stage);
    await stage.cluster.kubectl("delete", "pod", ...NAMESPACE, "second", "--wait=true");
  };
  journeyWhileOn(stage, "an agent's pod is deleted and a pod's address is used again meanwhile: nothing is black-holed", reused);
}

/** A further replica of the demo application on one node, with the lowest addresses that are free there; answers them. */
async function startReplica(stage: Stage, node: LabNode, name: string): Promise<string[]> {
  await onNode(node, "find", "/var/lib/cni", "-name", "last_reserved_ip.*", "-delete");
  const [model] = await stage.cluster.list("pods", ...NAMESPACE, "-l", "app=web");
  const [container] = model?.spec.containers ?? [];
  const { image, command, ports, readinessProbe, securityContext } = container ?? {};
  await stage.cluster.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "demo", labels: { app: "web" } },
    spec: {
      nodeName: node.name,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [{ name: "web", imagePullPolicy: "Never", image, command, ports, readinessProbe, securityContext }],
    },
  });
  await stage.cluster.kubectl("wait", "pod", ...NAMESPACE, name, "--for=condition=Ready", "--timeout=60s");
  const pod = await stage.cluster.get(`pods/${name}`, ...NAMESPACE);
  return (pod.status?.podIPs ?? []).map(({ ip }) => ip);
}
