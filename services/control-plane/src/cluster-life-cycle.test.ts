/** From the first PUT to 404, over HTTP, with the provider and the worker played by the test. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { moveOperation, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { clusterIdOf } from "./arm/resource-ids.ts";
import { playProvider, type PlayedProvider } from "./testing/play-provider.ts";
import { startTestSurface, type Ask, type Reply, type TestSurface } from "./testing/test-surface.ts";

const VERSION = "api-version=2026-04-01";
const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters`;

let surface: TestSurface;
let provider: PlayedProvider;

before(async () => {
  surface = await startTestSurface({ providers: ["lab"] });
  await register(surface.store, [makeCluster("adopted", { desiredMode: "BpfVeth" })]);
  provider = playProvider(surface.store);
});
after(() => surface.close());

const at = (name: string, more = ""): string => `${GROUP}/${name}${more}?${VERSION}`;
const idOf = (name: string) => clusterIdOf({ subscriptionId: ids.subscriptionId, resourceGroup: "lab", name });
const ask = (method: string, path: string, more: Omit<Ask, "method" | "path"> = {}): Promise<Reply> =>
  surface.ask({ method, path, ...more });
/** Asks what a header of a reply leads to. */
const follow = ({ headers }: Reply, name: "azure-asyncoperation" | "location"): Promise<Reply> =>
  surface.ask({ path: String(headers[name]).replace(surface.base, "") });

function body(mode: "BpfVeth" | "None" = "None", more: object = {}): object {
  return {
    location: "West Europe",
    properties: {
      agentPoolProfiles: [{ name: "nodepool1", count: 2, mode: "System" }],
      networkProfile: { networkDataplane: "cilium", advancedNetworking: { enabled: true, performance: { accelerationMode: mode } } },
    },
    ...more,
  };
}

/** A settled cluster that was made. */
async function make(name: string, mode: "BpfVeth" | "None" = "None"): Promise<Reply> {
  const reply = await ask("PUT", at(name), { body: body(mode) });
  assert.equal(reply.status, 201, reply.text);
  await provider.say();
  if (mode === "BpfVeth") await moveOperation(surface.store, idOf(name), "Succeeded");
  return reply;
}

describe("creation", () => {
  test("answers 201 Creating; one operation lasts until the provider and the engine are done", async () => {
    const made = await ask("PUT", at("created"), { body: body("BpfVeth"), headers: { "if-none-match": "*" } });
    assert.deepEqual([made.status, made.body.properties.provisioningState, made.headers["retry-after"]], [201, "Creating", "1"]);
    assert.match(
      String(made.headers["azure-asyncoperation"]),
      /^https:\/\/localhost:8443\/subscriptions\/.*\/locations\/westeurope\/operations\//,
    );
    assert.equal((await follow(made, "azure-asyncoperation")).body.status, "InProgress");
    await provider.say();
    const handed = await follow(made, "azure-asyncoperation");
    assert.deepEqual([handed.body.status, handed.headers["retry-after"]], ["InProgress", "1"], "the engine comes next");
    await moveOperation(surface.store, idOf("created"), { phase: "Succeeded", percentComplete: 100 });
    const ended = await follow(made, "azure-asyncoperation");
    assert.deepEqual([ended.body.status, ended.headers["retry-after"]], ["Succeeded", undefined]);
    const { body: shown } = await ask("GET", at("created"));
    const { provisioningState, fqdn, currentKubernetesVersion } = shown.properties;
    assert.deepEqual([provisioningState, fqdn, currentKubernetesVersion], ["Succeeded", "made.localhost", "1.36.3"]);
    assert.deepEqual([shown.eTag, shown.systemData.createdAt], [made.body.eTag, made.body.systemData.createdAt]);
    const again = await ask("PUT", at("created"), { body: body("BpfVeth") });
    assert.deepEqual([again.status, again.body.eTag, again.headers["azure-asyncoperation"]], [200, shown.eTag, undefined]);
  });

  test("that fails leaves a cluster that the next PUT tries to make again; one that is under way is not changed", async () => {
    const first = await ask("PUT", at("failing"), { body: body() });
    const busy = await ask("PUT", at("failing"), {
      body: body("None", { properties: { agentPoolProfiles: [{ name: "nodepool1", count: 3 }] } }),
    });
    assert.deepEqual([busy.status, busy.body.error.code, busy.headers["retry-after"]], [409, "OperationNotAllowed", undefined]);
    await provider.say({ kind: "Failed", code: "NoRoom", message: "There is no room for it.", isFinal: true });
    const failed = await follow(first, "azure-asyncoperation");
    assert.deepEqual([failed.body.status, failed.body.error], ["Failed", { code: "NoRoom", message: "There is no room for it." }]);
    assert.equal((await ask("GET", at("failing"))).body.properties.provisioningState, "Failed");
    const next = await ask("PUT", at("failing"), { body: body() });
    assert.deepEqual([next.status, next.body.properties.provisioningState], [200, "Creating"]);
    await provider.say();
    assert.equal((await follow(next, "azure-asyncoperation")).body.status, "Succeeded");
  });

  test("two PUTs of one name at once make one cluster", async () => {
    const replies = await Promise.all([1, 2, 3, 4].map(() => ask("PUT", at("raced"), { body: body() })));
    assert.deepEqual(
      replies.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 200, 200, 201],
    );
    assert.equal(new Set(replies.map(({ headers }) => headers["azure-asyncoperation"])).size, 1);
    await provider.say();
  });
});

describe("PATCH", () => {
  test("replaces the tags, merges everything else, and begins what the merge asks for", async () => {
    await make("patched", "BpfVeth");
    const tags = await ask("PATCH", at("patched"), { body: { tags: { a: "b" } } });
    assert.deepEqual([tags.status, tags.body.tags, tags.headers["location"]], [200, { a: "b" }, undefined]);
    const off = { properties: { networkProfile: { advancedNetworking: { performance: { accelerationMode: "None" } } } } };
    const stale = await ask("PATCH", at("patched"), { body: off, headers: { "if-match": "stale" } });
    assert.equal(stale.body.error.code, "PreconditionFailed");
    const patched = await ask("PATCH", at("patched"), { body: off, headers: { "if-match": tags.body.eTag } });
    const { advancedNetworking } = patched.body.properties.networkProfile;
    assert.deepEqual(
      [patched.status, advancedNetworking.performance.accelerationMode, advancedNetworking.security.enabled, patched.body.tags],
      [202, "None", true, { a: "b" }],
    );
    const pending = await follow(patched, "location");
    assert.deepEqual([pending.status, pending.text, pending.headers["retry-after"]], [202, "", "1"]);
    await moveOperation(surface.store, idOf("patched"), "Succeeded");
    const result = await follow(patched, "location");
    assert.deepEqual([result.status, result.body.properties.provisioningState], [200, "Succeeded"]);
  });

  test("of what is not there is 404", async () => {
    assert.equal((await ask("PATCH", at("nobody"), { body: { tags: {} } })).body.error.code, "ResourceNotFound");
  });

  test("that asks for a contradiction says which", async () => {
    const enabled = {
      properties: { networkProfile: { advancedNetworking: { enabled: false, performance: { accelerationMode: "BpfVeth" } } } },
    };
    const reply = await ask("PATCH", at("patched"), { body: enabled });
    assert.deepEqual([reply.status, reply.body.error.subcode], [400, "AccelerationRequiresACNS"]);
  });
});

describe("DELETE", () => {
  test("over a running operation cancels it, is followed by a second one, and leaves an operation that can still be read", async () => {
    await make("deleted");
    const update = await ask("PUT", at("deleted"), { body: body("BpfVeth") });
    const first = await ask("DELETE", at("deleted"));
    assert.deepEqual([first.status, first.text, first.headers["retry-after"]], [202, "", "1"]);
    const canceled = await follow(update, "azure-asyncoperation");
    assert.deepEqual([canceled.body.status, canceled.body.error.code], ["Canceled", "Superseded"]);
    const second = await ask("DELETE", at("deleted"));
    assert.deepEqual([second.status, second.headers["azure-asyncoperation"]], [202, first.headers["azure-asyncoperation"]]);
    const { body: deleting } = await ask("GET", at("deleted"));
    assert.equal(deleting.properties.provisioningState, "Deleting");
    for (const mode of ["BpfVeth", "None"] as const)
      assert.equal((await ask("PUT", at("deleted"), { body: body(mode) })).body.error.code, "OperationNotAllowed");
    assert.equal((await follow(first, "location")).status, 202);
    await provider.say();
    const status = await follow(first, "azure-asyncoperation");
    assert.deepEqual([status.body.status, status.body.resourceId], ["Succeeded", deleting.id]);
    const result = await follow(first, "location");
    assert.deepEqual([result.status, result.text], [204, ""]);
    assert.equal((await ask("GET", at("deleted"))).status, 404);
    assert.equal((await ask("DELETE", at("deleted"))).status, 204);
    const elsewhere = String(first.headers["azure-asyncoperation"]).replace(surface.base, "").replace("westeurope", "northeurope");
    assert.equal((await surface.ask({ path: elsewhere })).body.error.code, "OperationNotFound");
    await make("deleted");
  });

  test("of a cluster that was registered lets go of it when host routing is off", async () => {
    const stale = await ask("DELETE", at("adopted"), { headers: { "if-match": "stale" } });
    assert.equal(stale.body.error.code, "PreconditionFailed");
    const reply = await ask("DELETE", at("adopted"));
    assert.equal(reply.status, 202);
    assert.equal((await surface.store.rounds.read(idOf("adopted")))?.cluster.desiredMode, "None");
    await assert.rejects(provider.claim(), /nothing is to be done/);
    await moveOperation(surface.store, idOf("adopted"), "Succeeded");
    assert.equal((await ask("GET", at("adopted"))).status, 404);
    assert.equal((await follow(reply, "azure-asyncoperation")).body.status, "Succeeded");
  });
});

describe("credentials", () => {
  test("are the kubeconfigs that the provider wrote, for requests with nothing in them", async () => {
    await make("opened");
    const of = async (action: string, headers: Readonly<Record<string, string>> = {}) =>
      (await ask("POST", at("opened", `/${action}`), { headers })).body.kubeconfigs;
    const value = (text: string): string => Buffer.from(text).toString("base64");
    const user = { name: "clusterUser", value: value("kubeconfig of user") };
    assert.deepEqual(await of("listClusterUserCredential"), [user]);
    assert.deepEqual(await of("listClusterUserCredential", { "content-type": "application/json", "content-length": "0" }), [user]);
    assert.deepEqual(await of("listClusterAdminCredential"), [{ name: "clusterAdmin", value: value("kubeconfig of admin") }]);
    assert.deepEqual(await of("listClusterMonitoringUserCredential"), [{ ...user, name: "clusterMonitoringUser" }]);
  });

  test("of a cluster that is not made yet are refused with what to do, and the worker's own are never given away", async () => {
    await ask("PUT", at("closed"), { body: body() });
    const early = await ask("POST", at("closed", "/listClusterUserCredential"));
    assert.deepEqual([early.status, early.body.error.code], [409, "CredentialsNotAvailable"]);
    await provider.say();
    await surface.store.clusters.register(makeCluster("registered"), {});
    const registered = await ask("POST", at("registered", "/listClusterAdminCredential"));
    assert.deepEqual([registered.status, registered.body.error.code], [409, "CredentialsNotAvailable"]);
    assert.match(registered.body.error.message, /Ask whoever made it .* or register it again/);
  });

  test("of a registered cluster are those that it was registered with; files that are gone are said to be", async () => {
    const cluster = makeCluster("told");
    const { user, admin } = provider.facts.credentials;
    await surface.store.clusters.register(cluster, {}, { user, admin });
    const value = async (action: string) => {
      const reply = await ask("POST", at("told", `/${action}`));
      return [reply.status, Buffer.from(reply.body.kubeconfigs[0].value, "base64").toString()];
    };
    assert.deepEqual(await value("listClusterUserCredential"), [200, "kubeconfig of user"]);
    assert.deepEqual(await value("listClusterAdminCredential"), [200, "kubeconfig of admin"]);
    await surface.store.clusters.register(cluster, {}, { user: `${user}-gone`, admin });
    const gone = await ask("POST", at("told", "/listClusterUserCredential"));
    assert.deepEqual([gone.status, gone.body.error.code, gone.text.includes(user)], [409, "CredentialsNotAvailable", false]);
  });
});
