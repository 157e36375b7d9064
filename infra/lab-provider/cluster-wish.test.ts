import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppError } from "@hostrouting/domain";
import { labManagedCluster } from "../dev/lab-cluster.ts";
import { KUBERNETES_OF } from "../../services/control-plane/src/enablement/cluster-defaults.ts";
import { placeOf } from "./cluster-place.ts";
import { LAB_KUBERNETES, readWish } from "./cluster-wish.ts";

const base = labManagedCluster({
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroup: "Lab",
  name: "Mine",
  location: "westeurope",
  kubernetesVersion: LAB_KUBERNETES,
  podCidrs: ["10.244.0.0/16"],
  serviceCidrs: ["10.0.0.0/16"],
  dnsServiceIp: "10.0.0.10",
  userPools: [{ name: "user", count: 2 }],
  accessReference: "",
  createdBy: "22222222-2222-2222-2222-222222222222",
  now: "2026-01-01T00:00:00.000Z",
  etag: "e",
});

function wishOf(properties: Record<string, unknown>): ReturnType<typeof readWish> {
  return readWish({ ...base, properties: { ...base.properties, ...properties } });
}

function pools(...given: Record<string, unknown>[]): Record<string, unknown> {
  return { agentPoolProfiles: given.map((one) => ({ name: "np1", mode: "System", count: 1, osType: "Linux", osSKU: "Ubuntu", ...one })) };
}

test("an AKS cluster of the lab's kind is read whole", () => {
  const { id, ...wish } = wishOf({});
  assert.equal(id, base.id);
  assert.deepEqual(wish, {
    resourceGroup: "Lab",
    name: "Mine",
    nodeResourceGroup: "MC_Lab_Mine_westeurope",
    fqdn: "Mine.localhost",
    serviceCidrs: ["10.0.0.0/16"],
    pools: [
      {
        pool: { name: "system", mode: "System", osSku: "AzureLinux" },
        count: 1,
        marks: { labels: { "kubernetes.azure.com/mode": "system" }, taints: [] },
      },
      {
        pool: { name: "user", mode: "User", osSku: "Ubuntu" },
        count: 2,
        marks: { labels: { "kubernetes.azure.com/mode": "user" }, taints: [] },
      },
    ],
  });
});

test("with pods of both families, Services have both", () => {
  const ranges = (networkProfile: Record<string, unknown>): readonly string[] => wishOf({ networkProfile }).serviceCidrs;
  const podCidrs = ["10.244.0.0/16", "fd00:244::/48"];
  assert.deepEqual(ranges({ podCidrs, serviceCidrs: ["10.0.0.0/16", "fd12::/112"] }), ["10.0.0.0/16", "fd12::/112"]);
  assert.deepEqual(ranges({ podCidrs, serviceCidr: "10.0.0.0/16" }), ["10.0.0.0/16", "fd00:96::/112"]);
});

test("what is not said is the lab's own", () => {
  const wish = wishOf({ ...pools({ osSKU: undefined }), kubernetesVersion: "", networkProfile: {}, nodeResourceGroup: "", dnsPrefix: "" });
  assert.deepEqual(wish.pools[0]?.pool.osSku, "Ubuntu");
  assert.deepEqual(wish.serviceCidrs, ["10.96.0.0/16", "fd00:96::/112"]);
  assert.deepEqual([wish.nodeResourceGroup, wish.fqdn], ["MC_Lab_Mine_westeurope", "Mine.localhost"]);
});

test("the control plane offers the release that the lab builds", () => {
  assert.deepEqual(KUBERNETES_OF.lab, { version: LAB_KUBERNETES.replace(/\.\d+$/, ""), patches: [LAB_KUBERNETES] });
});

for (const version of ["1.36", LAB_KUBERNETES])
  test(`version ${version} is the one that there is`, () => {
    assert.equal(wishOf({ kubernetesVersion: version }).name, "Mine");
  });

const refused: readonly { say: string; properties: Record<string, unknown>; code: string; message: RegExp }[] = [
  { say: "another minor version", properties: { kubernetesVersion: "1.35" }, code: "wish.version", message: /1\.35 is asked for/ },
  { say: "another patch", properties: { kubernetesVersion: "1.36.1" }, code: "wish.version", message: /1\.36\.1/ },
  { say: "Windows nodes", properties: pools({}, { name: "win", osType: "Windows" }), code: "wish.pool", message: /Pool win/ },
  { say: "another image", properties: pools({ osSKU: "Ubuntu2204" }), code: "wish.pool", message: /Ubuntu2204/ },
  { say: "a gateway pool", properties: pools({}, { name: "gw", mode: "Gateway" }), code: "wish.pool", message: /gateway/ },
  { say: "a taint that is none", properties: pools({ nodeTaints: ["gpu"] }), code: "wish.pool", message: /taint gpu/ },
  { say: "a name that no node can have", properties: pools({ name: "../x" }), code: "wish.pool", message: /name/ },
  { say: "no node at all", properties: pools({ count: 0 }), code: "wish.size", message: /0 are asked for/ },
  { say: "more nodes than slots", properties: pools({ count: 17 }), code: "wish.size", message: /17 are asked for/ },
  { say: "pods elsewhere", properties: { networkProfile: { podCidr: "10.1.0.0/16" } }, code: "wish.network", message: /10\.1\.0\.0/ },
  {
    say: "Services where pods are",
    properties: { networkProfile: { serviceCidr: "10.244.0.0/16" } },
    code: "wish.network",
    message: /Services/,
  },
  {
    say: "Services in a range of two addresses",
    properties: { networkProfile: { serviceCidr: "10.0.0.0/31" } },
    code: "wish.network",
    message: /Services/,
  },
];

for (const { say, properties, code, message } of refused)
  test(`refused: ${say}`, () => {
    assert.throws(
      () => wishOf(properties),
      (error: AppError) => error.code === code && message.test(error.message) && error.remedy !== "",
    );
  });

test("a cluster's folder has a name that any file system takes, and no two clusters share it", () => {
  const ids = ["/subscriptions/a/x", "/subscriptions/a/y", `/subscriptions/${"z".repeat(300)}`].map((id) => placeOf(id as typeof base.id));
  for (const id of ids) assert.match(id, /^[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, 3);
});
