import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { playProvider } from "./testing/play-provider.ts";
import { ids, makeCluster, register, TESTER } from "./testing/test-cluster.ts";
import { clusterResource, deploy, deploymentUrl, followDeployment, spliced, templateOf } from "./testing/test-deployment.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
const clusterPath = (name: string): string =>
  `${GROUP}/providers/Microsoft.ContainerService/managedClusters/${name}?api-version=2026-04-01`;

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  const { user, admin } = playProvider(surface.store).facts.credentials;
  await register(surface.store, [makeCluster("closed"), makeCluster("told")]);
  await surface.store.clusters.register(makeCluster("opened"), {}, { user, admin });
});
after(() => surface.close());

const SECRET = Buffer.from("kubeconfig of admin").toString("base64");
const credential = (of: string): string => `listClusterAdminCredential('${of}', '2026-04-01').kubeconfigs[0]`;
const telling = (of: string, tag: string): string =>
  templateOf(
    [clusterResource("opened"), clusterResource("closed"), clusterResource("told", { tags: { [tag]: `[${credential(of)}.${tag}]` } })],
    {
      outputs: { secret: { type: "object", value: `[${credential(of)}]` }, who: { type: "string", value: "[deployer().objectId]" } },
    },
  );

test("list…: what a resource tells by an action is used as whoever deploys, and kept and shown nowhere", async () => {
  const ended = await followDeployment(surface, await deploy(surface, "told", spliced(telling("opened", "name"))));
  assert.equal(ended.body.properties.provisioningState, "Succeeded", ended.text);
  assert.deepEqual((await surface.ask({ path: clusterPath("told") })).body.tags, { name: "clusterAdmin" });
  assert.deepEqual(ended.body.properties.outputs, { secret: { type: "Object" }, who: { type: "String", value: TESTER } });
  const [kept] = await surface.store.deployments.list({ subscriptionId: ids.subscriptionId, resourceGroup: "Lab", limit: 9 });
  assert.ok(kept !== undefined);
  assert.ok(!JSON.stringify([kept, await surface.store.deployments.steps(kept.runId)]).includes(SECRET));
});

test("what-if hides what list… gave, and says of whom it has nothing to tell", async () => {
  const ask = async (of: string) => {
    const body = spliced(telling(of, "value"));
    const { body: reply, text } = await surface.ask({ method: "POST", path: deploymentUrl("asked", "/whatIf"), body });
    const change = reply.properties.changes.find(({ resourceId }: { resourceId: string }) => resourceId.endsWith("/told"));
    return { text, change };
  };
  const hidden = await ask("opened");
  assert.deepEqual([hidden.change.changeType, hidden.text.includes(SECRET)], ["Modify", false]);
  const { change } = await ask("closed");
  assert.equal(change.changeType, "Unsupported");
  assert.match(
    change.unsupportedReason,
    /What listClusterAdminCredential\(\) asks of the resource '.*\/closed' cannot be read: .*registered without kubeconfigs/,
  );
});
