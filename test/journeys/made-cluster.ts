import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { as, type ClusterId } from "@hostrouting/domain";
import { clustersFolder, placeOf } from "../../infra/lab-provider/cluster-place.ts";
import { clusterResourceId } from "../../services/control-plane/src/arm/resource-ids.ts";
import type { LineStage } from "../az/run-line.ts";
import { runLines } from "./azure-commands.ts";
import { createLines, deleteLines, scaleLine } from "./azure-lines.ts";
import { expectServed } from "./fetched-kubeconfig.ts";
import { kernelView, labNodes, MODE_ON } from "./lab-nodes.ts";
import { expectNothingLeft, labId } from "./left-over.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** As `npm start` proposes. */
const NAME = "mine";
const POOL = "nodepool1";
/** A node joins within seconds; what a killed provider held is taken up when its claim has run out, and the engine then switches it. */
const JOIN_TIMEOUT_MS = 60_000;

/** A cluster from its creation to its end, by az as a user would, with its provider killed in between. */
export function madeCluster(stage: Stage, az: () => Promise<LineStage>): void {
  test("az makes a cluster with host routing on, which grows while its provider is killed, and goes without a trace", async (t) => {
    const signedIn = await az();
    const folder = folderOf(stage);
    await runLines(t, signedIn, createLines);
    await expectRouting(folder, 2);
    await expectServed({ cli: signedIn.cli, context: NAME, folder });

    const kill = async (): Promise<void> => {
      await until("the provider to be at the third node", JOIN_TIMEOUT_MS, () => existsSync(path.join(folder, `lab/nodes/aks-${POOL}-2`)));
      stage.kill("lab-provider");
    };
    await Promise.all([runLines(t, signedIn, [scaleLine]), kill()]);
    await expectRouting(folder, 3);
    await expectServed({ cli: signedIn.cli, context: NAME, folder });

    const id = labId(folder);
    await runLines(t, signedIn, deleteLines);
    assert.equal(existsSync(folder), false);
    await expectNothingLeft(id, folder);
  });
}

/** State folder of the made cluster's lab. */
function folderOf({ ready, stateDir }: Stage): string {
  const resource = clusterResourceId({ ...ready, name: NAME });
  return path.join(clustersFolder(stateDir), placeOf(as<ClusterId>(resource.toLowerCase())));
}

/** Every node redirects packets, as its own kernel shows it. */
async function expectRouting(folder: string, count: number): Promise<void> {
  const nodes = labNodes(folder);
  assert.equal(nodes.length, count);
  for (const node of nodes)
    await until(`${node.name} to route by eBPF`, JOIN_TIMEOUT_MS, async () => {
      const { mode, devices } = await kernelView(node);
      return mode === MODE_ON && devices.some(({ name, programs }) => name === "eth0" && programs.includes("from_net"));
    });
}
