import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { as, type ClusterId } from "@hostrouting/domain";
import { clustersFolder, placeOf } from "../../infra/lab-provider/cluster-place.ts";
import { clusterResourceId } from "../../services/control-plane/src/arm/resource-ids.ts";
import { openArm } from "./arm.ts";
import { ENABLE_TIMEOUT_MS, IN_THE_MIDDLE, someNodeInFlight } from "./expectations.ts";
import { kernelView, killInLab, labNodes, labRecord, MODE_ON } from "./lab-nodes.ts";
import { expectNothingLeft, labId, processesOf } from "./left-over.ts";
import { readProc } from "./processes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const NAME = "killed";
/** A claim that its holder no longer renews runs out after 6 s, and the cluster is begun anew. */
const BEGUN_TIMEOUT_MS = 60_000;
const REMOVE_TIMEOUT_MS = 60_000;
/** The worker looks every few seconds. */
const NOTICED_TIMEOUT_MS = 30_000;

const CREATION = {
  location: "westeurope",
  properties: {
    dnsPrefix: NAME,
    agentPoolProfiles: [{ name: "nodepool1", count: 1, mode: "System", osType: "Linux", osSKU: "Ubuntu", vmSize: "Standard_DS2_v2" }],
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      advancedNetworking: { enabled: true },
    },
  },
};

/** What makes, mends and removes clusters dies while it does each of them, and a cluster's own API server in the middle of its node. */
export function killedProvider(stage: Stage): void {
  test("kill -9 of the lab provider while a cluster is made and while it is removed, of its API server meanwhile: the same operations succeed, and nothing is there twice", async () => {
    const resource = clusterResourceId({ ...stage.ready, name: NAME });
    const folder = path.join(clustersFolder(stage.stateDir), placeOf(as<ClusterId>(resource.toLowerCase())));
    const arm = openArm({ ...stage.ready, cluster: NAME });
    const before = labsOf(stage);

    const created = await begin(stage, "PUT", resource);
    await until("the cluster to be begun", BEGUN_TIMEOUT_MS, () => existsSync(path.join(folder, "lab", "lab.json")));
    assert.equal(labRecord(folder).phase, "starting");
    stage.kill("lab-provider");
    assert.equal((await stage.arm.settle(created, ENABLE_TIMEOUT_MS)).status, "Succeeded");
    assert.equal(labsOf(stage).length, before.length + 1);
    expectOnce(folder);

    const on = await arm.setMode("BpfVeth");
    await someNodeInFlight({ ...stage, arm }, IN_THE_MIDDLE);
    killInLab(folder, "kube-apiserver");
    await until("the operation to say that the cluster does not answer", NOTICED_TIMEOUT_MS, async () =>
      (await arm.hostRouting()).properties.waits.some(({ reason }) => reason === "ClusterUnreachable"),
    );
    assert.equal((await stage.arm.settle(on, ENABLE_TIMEOUT_MS)).status, "Succeeded");
    for (const node of labNodes(folder)) assert.equal((await kernelView(node)).mode, MODE_ON);
    expectOnce(folder);

    const id = labId(folder);
    const removed = await begin(stage, "DELETE", resource);
    await until("the cluster's API server to be ended", REMOVE_TIMEOUT_MS, () => namesOf(folder, "/kube-apiserver ").length === 0);
    stage.kill("lab-provider");
    assert.equal((await stage.arm.settle(removed, REMOVE_TIMEOUT_MS)).status, "Succeeded");
    assert.equal((await stage.arm.request({ method: "GET", path: resource })).status, 404);
    assert.deepEqual(labsOf(stage), before);
    await expectNothingLeft(id, folder);
  });
}

async function begin({ arm }: Stage, method: "PUT" | "DELETE", resource: string): Promise<string> {
  const { status, headers, body } = await arm.request({ method, path: resource, ...(method === "PUT" && { body: CREATION }) });
  const operation = headers["azure-asyncoperation"];
  assert.ok(operation !== undefined, `${method} was answered ${status}: ${JSON.stringify(body)}`);
  return operation;
}

/** Folders of the clusters that were made on request. */
function labsOf({ stateDir }: Stage): string[] {
  const clusters = clustersFolder(stateDir);
  return existsSync(clusters) ? readdirSync(clusters) : [];
}

/** One control plane and one kubelet: what a killed provider had begun does not run beside what the next one made. */
function expectOnce(folder: string): void {
  for (const program of ["/kube-apiserver ", "/etcd ", "/kubelet "]) assert.equal(namesOf(folder, program).length, 1, program);
}

/** Command lines of a lab's processes that hold a program's name. */
function namesOf(folder: string, program: string): string[] {
  return processesOf(folder)
    .map((pid) => readProc(pid, "cmdline").replaceAll("\0", " "))
    .filter((command) => command.includes(program));
}
