import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { as, type ClusterId } from "@hostrouting/domain";
import { clustersFolder, placeOf } from "../../infra/lab-provider/cluster-place.ts";
import { clusterResourceId } from "../../services/control-plane/src/arm/resource-ids.ts";
import { ENABLE_TIMEOUT_MS } from "./expectations.ts";
import { kernelView, labNodes, labRecord, MODE_ON } from "./lab-nodes.ts";
import { expectNothingLeft, labId } from "./left-over.ts";
import type { KubeObject } from "./shapes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const run = promisify(execFile);
const NAME = "made";
const POOL = "nodepool1";
/** A node joins within seconds; what a killed provider held is taken up when its claim has run out, and the engine then switches it. */
const JOIN_TIMEOUT_MS = 60_000;
const REMOVE_TIMEOUT_MS = 30_000;

/** What `az aks create --node-count 2 --network-plugin azure --network-plugin-mode overlay --network-dataplane cilium --no-ssh-key` sends with ACNS on. */
const CREATION = {
  location: "westeurope",
  properties: {
    dnsPrefix: NAME,
    agentPoolProfiles: [
      {
        name: POOL,
        count: 2,
        mode: "System",
        osType: "Linux",
        osSKU: "Ubuntu",
        vmSize: "Standard_DS2_v2",
        type: "VirtualMachineScaleSets",
      },
    ],
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      advancedNetworking: { enabled: true, performance: { accelerationMode: "BpfVeth" } },
    },
  },
};

/** A cluster from its creation to its end, by plain ARM requests, with its provider killed in between. */
export function madeCluster(stage: Stage): void {
  test("a cluster is made with host routing on, grows while its provider is killed, and goes without a trace", async () => {
    const made = placeOn(stage);
    const created = await made.send({ method: "PUT", body: CREATION, status: 201 });
    assert.equal((await stage.arm.settle(created, ENABLE_TIMEOUT_MS)).status, "Succeeded");
    await expectRouting(made, 2);

    const kubectl = await kubectlOf(stage, made);
    assert.equal((await nodesOf(kubectl)).length, 2);

    const grown = await made.send({
      method: "PUT",
      below: `/agentPools/${POOL}`,
      body: { properties: { ...(await made.pool()), count: 3 } },
      status: 200,
    });
    await until("the provider to be at the third node", JOIN_TIMEOUT_MS, () =>
      existsSync(path.join(made.folder, `lab/nodes/aks-${POOL}-2`)),
    );
    stage.kill("lab-provider");
    assert.equal((await stage.arm.settle(grown, ENABLE_TIMEOUT_MS)).status, "Succeeded");
    assert.equal((await nodesOf(kubectl)).length, 3);
    await expectRouting(made, 3);

    const id = labId(made.folder);
    const removed = await made.send({ method: "DELETE", status: 202 });
    assert.equal((await stage.arm.settle(removed, REMOVE_TIMEOUT_MS)).status, "Succeeded");
    assert.equal((await stage.arm.request({ method: "GET", path: made.resource })).status, 404);
    assert.equal(existsSync(made.folder), false);
    await expectNothingLeft(id, made.folder);
  });
}

/** A write of the cluster, or of what is `below` it, and the status that it must have. */
type Asked = { readonly method: string; readonly below?: string; readonly body?: unknown; readonly status: number };

/** The cluster on ARM and on this machine. */
type Made = {
  readonly resource: string;
  /** State folder of its lab. */
  readonly folder: string;
  /** Sends a request that begins an operation, and answers the operation's URL. */
  send(asked: Asked): Promise<string>;
  pool(): Promise<Record<string, unknown>>;
};

function placeOn({ ready, stateDir, arm }: Stage): Made {
  const resource = clusterResourceId({ ...ready, name: NAME });
  return {
    resource,
    folder: path.join(clustersFolder(stateDir), placeOf(as<ClusterId>(resource.toLowerCase()))),
    async send({ method, below = "", body, status }) {
      const reply = await arm.request({ method, path: `${resource}${below}`, body });
      assert.equal(reply.status, status, JSON.stringify(reply.body));
      const operation = reply.headers["azure-asyncoperation"];
      assert.ok(operation, `${method} began no operation`);
      return operation;
    },
    async pool() {
      const { status, body } = await arm.request({ method: "GET", path: `${resource}/agentPools/${POOL}` });
      assert.equal(status, 200, JSON.stringify(body));
      return (body as { properties: Record<string, unknown> }).properties;
    },
  };
}

/** The lab's own cluster was registered, not made: its credentials are those that came with it. */
export function registeredCredentials(stage: Stage): void {
  test("the kubeconfig of the lab's own cluster, handed out on ARM, serves kubectl", async () => {
    const resource = clusterResourceId({ ...stage.ready, name: stage.ready.cluster });
    const kubectl = await kubectlOf(stage, { resource, folder: stage.stateDir });
    assert.equal((await nodesOf(kubectl)).length, labNodes(stage.stateDir).length);
  });
}

/** Every node redirects packets, as its own kernel shows it. */
async function expectRouting(made: Made, count: number): Promise<void> {
  const nodes = labNodes(made.folder);
  assert.equal(nodes.length, count);
  for (const node of nodes)
    await until(`${node.name} to route by eBPF`, JOIN_TIMEOUT_MS, async () => {
      const { mode, devices } = await kernelView(node);
      return mode === MODE_ON && devices.some(({ name, programs }) => name === "eth0" && programs.includes("from_net"));
    });
}

type Kubectl = (...args: string[]) => Promise<string>;

/** The lab's kubectl with the kubeconfig that ARM hands out, as a user would have it from `az aks get-credentials`; `folder`: of its lab. */
async function kubectlOf(stage: Stage, cluster: Pick<Made, "resource" | "folder">): Promise<Kubectl> {
  const { status, body } = await stage.arm.request({ method: "POST", path: `${cluster.resource}/listClusterUserCredential` });
  assert.equal(status, 200, JSON.stringify(body));
  const [kubeconfig] = (body as { kubeconfigs: { value: string }[] }).kubeconfigs;
  const file = path.join(mkdtempSync(path.join(stage.stateDir, "kubeconfig-")), "config");
  writeFileSync(file, Buffer.from(kubeconfig?.value ?? "", "base64"), { mode: 0o600 });
  const program = path.join(labRecord(cluster.folder).programs, "kubectl");
  return async (...args) => (await run(program, args, { env: { KUBECONFIG: file, HOME: stage.stateDir }, timeout: 30_000 })).stdout;
}

async function nodesOf(kubectl: Kubectl): Promise<KubeObject[]> {
  return (JSON.parse(await kubectl("get", "nodes", "-o", "json")) as { items: KubeObject[] }).items;
}
