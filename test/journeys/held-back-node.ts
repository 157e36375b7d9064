import assert from "node:assert/strict";
import { NOT_READY_TAINT } from "@hostrouting/domain";
import { labRecord } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const NAMESPACE = "default";
const NAME = "early-bird";

/** One pod for each node, that tolerates nothing: where it starts, any pod may. */
function earlyBird(image: string): unknown {
  const labels = { app: NAME };
  const container = { name: "bird", image, imagePullPolicy: "Never" };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: NAME, namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
    },
  };
}

/**
 * Adds a node to a cluster in which host routing is on, and looks all the time: it is tainted from the first sight, no pod that tolerates nothing is
 * bound to it before its kernel's switch is confirmed, and one runs there afterwards.
 */
export async function addHeldBackNode(stage: Stage): Promise<void> {
  const { cluster } = stage;
  await cluster.apply(earlyBird(labRecord(stage.stateDir).pauseImage));
  try {
    await cluster.kubectl("rollout", "status", `daemonset/${NAME}`, "--namespace", NAMESPACE, "--timeout=90s");
    const before = new Set((await cluster.list("nodes")).map(({ metadata }) => metadata.name));
    const added = cluster.lab("add-node");
    const joined = await until("the node that is added to register", 90_000, async () =>
      (await cluster.list("nodes")).find(({ metadata }) => !before.has(metadata.name)),
    );
    const { name } = joined.metadata;
    assert.ok(
      joined.spec.taints?.some(({ key, effect }) => key === NOT_READY_TAINT.key && effect === NOT_READY_TAINT.effect),
      "the node is tainted at its birth",
    );
    await until("the node that was added to be switched, without a pod before", 120_000, () => isConfirmed(stage, name));
    await added;
    await until("a pod to run on the node that was added", 60_000, async () => (await birdsOn(stage, name)).length > 0);
  } finally {
    await cluster.kubectl("delete", "daemonset", NAME, "--namespace", NAMESPACE, "--ignore-not-found");
  }
}

/** Pods are asked for first: one that is bound between the two looks is bound after a confirmation that the second would show. */
async function isConfirmed(stage: Stage, node: string): Promise<boolean> {
  const birds = await birdsOn(stage, node);
  const status = (await stage.cluster.list("hostroutingnodes")).find(({ metadata }) => metadata.name === node)?.status;
  const confirmed = status?.effectiveMode === "BpfVeth" && status.confirmed === true;
  if (!confirmed) assert.deepEqual(birds, [], `pods on ${node} before host routing is on there`);
  return confirmed;
}

async function birdsOn(stage: Stage, node: string): Promise<readonly string[]> {
  const pods = await stage.cluster.list(
    "pods",
    "--namespace",
    NAMESPACE,
    `--selector=app=${NAME}`,
    `--field-selector=spec.nodeName=${node}`,
  );
  return pods.map(({ metadata }) => metadata.name);
}
