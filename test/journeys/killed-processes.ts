import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  DISABLE_TIMEOUT_MS,
  ENABLE_TIMEOUT_MS,
  expectCanariesGone,
  expectDisabled,
  expectEnabled,
  IN_THE_MIDDLE,
  OWN_DEVICES,
  someNodeInFlight,
} from "./expectations.ts";
import { journey, journeyWhileOn } from "./journey.ts";
import type { KernelView } from "./kernel-view.ts";
import { agentPid, kernelView, labNodes, MODE_ON, signalAgent } from "./lab-nodes.ts";
import { ALL_SERVICES, type Service } from "./processes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";
import { SHORT_SOAKS, withPolicy } from "./with-policy.ts";

/** A service is started again after 0.1 s and answers within a second or two; a busy machine takes longer. */
const BACK_TIMEOUT_MS = 30_000;
/** The kubelet's pauses between starts of one container double from 10 s; three agents' ends in a row come to 40 s. */
const AGENT_TIMEOUT_MS = 60_000;

/** What dies in the middle of a node: services, and the agents of the node that is being switched, or of all. */
type Victims = { readonly services: readonly Service[]; readonly agents: "None" | "OfThatNode" | "All" };

/** A switch, by the request that begins it and what is killed meanwhile. */
type Killing = Victims & { readonly by: "put" | "deployment" };

const killing = (services: readonly Service[], more: Partial<Killing> = {}): Killing => ({ by: "put", agents: "None", ...more, services });

/** Redis and authority are in nobody's way, so one switch shows both. No agent is killed thrice: the kubelet would take its time. */
const KILLED: readonly { readonly name: string; readonly on: Killing; readonly off: Killing }[] = [
  {
    name: "of a node's agent on the way on, of the worker on the way off",
    on: killing([], { agents: "OfThatNode" }),
    off: killing(["rollout-worker"]),
  },
  {
    name: "of Postgres on the way on, of all services and agents at once on the way off",
    on: killing(["postgres"]),
    off: killing(ALL_SERVICES, { agents: "All" }),
  },
  {
    name: "of the control plane while a template deployment switches on, of a node's agent on the way off",
    on: killing(["control-plane"], { by: "deployment" }),
    off: killing([], { agents: "OfThatNode" }),
  },
];

/** Each process is killed in the middle of a node; the operation that was accepted is carried on by what is started again. */
export function killedProcesses(stage: Stage): void {
  for (const { name, on, off } of KILLED)
    journey(stage, `kill -9 ${name}: the same operations succeed`, () =>
      withPolicy(stage, SHORT_SOAKS, async () => {
        await switchUnderKill(stage, "BpfVeth", on);
        await expectEnabled(stage);
        await switchUnderKill(stage, "None", off);
        await expectDisabled(stage);
      }),
    );

  journey(
    stage,
    "agent and worker killed before the confirmation: the kernel gives the node back to the stack; Redis and the authority on the way off",
    async () => {
      await withPolicy(stage, { ...SHORT_SOAKS, confirmSeconds: 4 }, async () => {
        const on = await stage.arm.setMode("BpfVeth");
        const node = await switchedAndUnconfirmed(stage);
        stage.kill("rollout-worker");
        // The kubelet starts the agent again at once the first time, and after ten seconds the second time.
        const first = await signalAgent(node, "SIGKILL");
        await until("the agent that is started again", BACK_TIMEOUT_MS, async () => (await agentPid(node).catch(() => first)) !== first);
        await signalAgent(node, "SIGKILL");
        // Nobody who could confirm is there before the dead worker's lease ends (10 s), so only the kernel's own timer can do this.
        await until(
          `the kernel of ${node.name} to switch itself off`,
          BACK_TIMEOUT_MS,
          async () => (await kernelView(node)).mode !== MODE_ON,
        );
        assert.equal((await stage.arm.settle(on, ENABLE_TIMEOUT_MS)).status, "Succeeded");
        await expectEnabled(stage);
      });
      await switchUnderKill(stage, "None", killing(["redis", "authority"]));
      await expectDisabled(stage);
    },
  );
}

type Mode = "BpfVeth" | "None";

/** Switches, kills in the middle of a node, and holds what the request was given to its end: the same operation, and no other one. */
async function switchUnderKill(stage: Stage, mode: Mode, { by, services, agents }: Killing): Promise<void> {
  const operation = by === "put" ? await stage.arm.setMode(mode) : await deployMode(stage, mode);
  const name = await someNodeInFlight(stage, IN_THE_MIDDLE);
  const underWay = await stage.arm.newestOperation();
  const nodes = labNodes(stage.stateDir).filter((node) => agents === "All" || (agents === "OfThatNode" && node.name === name));
  stage.kill(...services);
  // An agent that an earlier kill has ended is not there before the kubelet's pause is over; its node stays in the middle until then.
  for (const node of nodes)
    await until(`an agent on ${node.name}`, AGENT_TIMEOUT_MS, () => signalAgent(node, "SIGKILL").catch(() => undefined));
  // What was given out by the authority that was killed is good, as the polls below show; so is what the next one gives out.
  if (services.includes("authority")) await stage.arm.signInAnew(BACK_TIMEOUT_MS);
  const timeoutMs = mode === "None" ? DISABLE_TIMEOUT_MS : ENABLE_TIMEOUT_MS;
  assert.equal((await stage.arm.settle(operation, timeoutMs)).status, "Succeeded");
  assert.equal(await stage.arm.newestOperation(), underWay, "no other operation was begun");
  for (const service of services) await until(`${service} to run again`, BACK_TIMEOUT_MS, () => stage.runs(service));
}

/** Deploys the template of the manual; answers the deployment's own operation. */
async function deployMode({ arm, ready }: Stage, accelerationMode: Mode): Promise<string> {
  const file = path.resolve(import.meta.dirname, "../../infra/azure/enable-host-routing.json");
  const template: unknown = JSON.parse(readFileSync(file, "utf8"));
  const parameters = { clusterName: { value: ready.cluster }, accelerationMode: { value: accelerationMode } };
  const group = `/subscriptions/${ready.subscriptionId}/resourceGroups/${ready.resourceGroup}`;
  const url = `${ready.arm}${group}/providers/Microsoft.Resources/deployments/killed?api-version=2025-04-01`;
  const { status, headers, body } = await arm.request({
    method: "PUT",
    path: url,
    body: { properties: { mode: "Incremental", template, parameters } },
  });
  const operation = headers["azure-asyncoperation"];
  assert.ok(operation !== undefined, `the deployment was answered ${status}: ${JSON.stringify(body)}`);
  return operation;
}

/** An agent that ends while its node is on takes nothing with it. */
export function killedAgent(stage: Stage): void {
  const killed = async (): Promise<void> => {
    await expectCanariesGone(stage);
    const [node] = labNodes(stage.stateDir);
    assert.ok(node);
    const before = await until("a look at the kernel without the agent's own devices", BACK_TIMEOUT_MS, async () => {
      const view = await kernelView(node);
      return podsDevices(view).length === view.devices.length && view;
    });
    await signalAgent(node, "SIGKILL");
    const killedAt = Date.now();
    const without = await kernelView(node);
    assert.equal(without.mode, MODE_ON);
    assert.deepEqual(podsDevices(without), podsDevices(before));
    await until("the agent to report again", BACK_TIMEOUT_MS, async () => {
      const report = (await stage.cluster.get(`hostroutingnodes/${node.name}`)).status;
      return report?.effectiveMode === "BpfVeth" && Date.parse(report.observedAt ?? "") > killedAt;
    });
    // the next agent probes at once, by a device of its own, which has a pin as any pod's has
    await until("the same pins as before", BACK_TIMEOUT_MS, async () => isDeepStrictEqual((await kernelView(node)).pins, before.pins));
    await expectEnabled(stage);
  };
  journeyWhileOn(stage, "agent killed while on: its programs stay, and the next agent adopts them", killed);
}

function podsDevices({ devices }: KernelView): KernelView["devices"] {
  return devices.filter(({ name }) => !OWN_DEVICES.test(name));
}

function switchedAndUnconfirmed(stage: Stage) {
  return until("a node that is switched and not confirmed", 60_000, async () => {
    for (const object of await stage.cluster.list("hostroutingnodes"))
      if (object.status?.effectiveMode === "BpfVeth" && object.spec.confirmedGeneration !== object.spec.generation)
        return labNodes(stage.stateDir).find((node) => node.name === object.metadata.name);
    return undefined;
  });
}
