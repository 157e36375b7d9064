import assert from "node:assert/strict";
import { kernelView, labMachines, labNodes, MODE_ON, type LabNode } from "./lab-nodes.ts";
import type { OperationStatus } from "./shapes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const LABEL = "kubernetes.azure.com/ebpf-host-routing";
/** Uplink, and the pods' ends of `ptp`. */
const OURS: Readonly<Record<string, string>> = { eth0: "from_net" };
export const ENABLE_TIMEOUT_MS = 300_000;
export const DISABLE_TIMEOUT_MS = 180_000;
/** Within a second; a busy machine takes longer. */
const SHOWN_TIMEOUT_MS = 30_000;

/**
 * Every node labelled, our programs on eth0 and on every pod's veth, the mode ON, as the kernel shows it. `state` is `Enabling` while the last
 * soak of an operation lasts.
 */
export async function expectEnabled(stage: Stage, state: "Enabled" | "Enabling" = "Enabled"): Promise<void> {
  const items = await stage.cluster.list("nodes");
  for (const node of items) assert.equal(node.metadata.labels[LABEL], "true", `${node.metadata.name} is labelled`);
  const inLab = labNodes(stage.stateDir).length + labMachines(stage.stateDir).length;
  assert.equal(items.length, inLab, "every node of the lab is a node of the cluster");
  for (const node of labNodes(stage.stateDir)) await expectAttached(node);
  const status = await stage.arm.hostRouting();
  assert.equal(status.properties.effectiveMode, "BpfVeth");
  assert.equal(status.properties.state, state);
  await expectOverrideShown(stage);
  assert.equal(status.properties.policy.state, "InSync");
  await expectNothingCordoned(stage);
}

/** Nodes whose kernel lets nobody refuse rules are on under the lab's override, which is shown with its reason; other nodes need none. */
async function expectOverrideShown(stage: Stage): Promise<void> {
  await until("the override of PF-017 to name the nodes that need it", SHOWN_TIMEOUT_MS, async () => {
    const reports = await stage.cluster.list("hostroutingnodes");
    const toothless = reports.filter(({ status }) => status?.facts?.guardRung === "Audit" || status?.facts?.guardRung === "Unsupported");
    const warning = (await stage.arm.hostRouting()).properties.warnings.find(({ id }) => id === "PF-017");
    const named = (warning?.subjects ?? []).toSorted().join();
    if (
      named !==
      toothless
        .map(({ metadata }) => `node ${metadata.name}`)
        .toSorted()
        .join()
    )
      return false;
    return warning === undefined || warning.override?.reason === "the machine's kernel lets nobody refuse rules";
  });
}

/** Our programs on one node: eth0 and every pod's veth, mode ON. A pod that is just being made has a moment. */
export async function expectAttached(node: LabNode): Promise<void> {
  await until(`programs on every device of ${node.name}`, SHOWN_TIMEOUT_MS, async () => {
    const view = await kernelView(node);
    const devices = view.devices.filter((device) => device.kind === "veth");
    return (
      view.mode === MODE_ON && devices.length > 1 && devices.every((device) => device.programs.includes(OURS[device.name] ?? "from_pod"))
    );
  });
}

/** No label, no program, no pin, no object of ours left in the cluster and in any node's kernel. */
export async function expectDisabled(stage: Stage): Promise<void> {
  const items = await stage.cluster.list("nodes");
  for (const node of items) assert.equal(node.metadata.labels[LABEL], undefined, `${node.metadata.name} is not labelled`);
  for (const node of labNodes(stage.stateDir)) {
    const view = await kernelView(node);
    assert.deepEqual(view.pins, [], `pins on ${node.name}`);
    assert.deepEqual(
      view.devices.filter((device) => device.programs.length > 0),
      [],
      `programs on ${node.name}`,
    );
  }
  assert.deepEqual(await stage.cluster.list("hostroutingnodes"), []);
  assert.deepEqual(await stage.cluster.list("daemonsets", "-n", "acns-hostrouting"), []);
  assert.deepEqual(await stage.cluster.list("ciliumclusterwidenetworkpolicies"), []);
  const status = await stage.arm.hostRouting();
  assert.equal(status.properties.effectiveMode, "None");
  assert.equal(status.properties.state, "Disabled");
  await expectNothingCordoned(stage);
}

/** Nobody is left cordoned, and no annotation of ours says so. */
export async function expectNothingCordoned(stage: Stage): Promise<void> {
  const items = await stage.cluster.list("nodes");
  for (const node of items) assert.equal(node.spec.unschedulable ?? false, false, `${node.metadata.name} is schedulable`);
}

/** Switches on and waits. */
export async function enable(stage: Stage): Promise<OperationStatus> {
  return succeed(stage, "BpfVeth", ENABLE_TIMEOUT_MS);
}

/** Of the agent's canary flows, and of the pod that tries what policies deny: half a second each minute, and after each change. */
export const OWN_DEVICES = /^hr(canary|probe)/;

/** The agents watch their switch for a few seconds more; their own flows' packets and devices are none that a journey should count. */
export async function expectCanariesGone(stage: Stage): Promise<void> {
  for (const node of labNodes(stage.stateDir))
    await until(`the canary flows of ${node.name} to end`, 15_000, async () =>
      (await kernelView(node)).devices.every(({ name }) => !OWN_DEVICES.test(name)),
    );
}

/** Switches off and waits. */
export async function disable(stage: Stage): Promise<OperationStatus> {
  return succeed(stage, "None", DISABLE_TIMEOUT_MS);
}

async function succeed(stage: Stage, mode: "BpfVeth" | "None", timeoutMs: number): Promise<OperationStatus> {
  const operation = await stage.arm.settle(await stage.arm.setMode(mode), timeoutMs);
  assert.equal(operation.status, "Succeeded", JSON.stringify(operation.error));
  return operation;
}

/** Phases in which a node is between the first write and the last. */
export const IN_THE_MIDDLE = ["Installing", "Switching", "Verifying", "Confirming", "Soaking", "Detaching"];

/** Waits until one node is in the middle of being switched, and answers its name. */
export function someNodeInFlight(stage: Stage, phases: readonly string[]): Promise<string> {
  return until(`a node in ${phases.join(" or ")}`, 60_000, async () => {
    const nodes = await stage.arm.nodes().catch(() => []);
    return nodes.find((node) => phases.includes(node.properties.phase))?.name;
  });
}
