import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiCall, ApiClient } from "./api-client.ts";
import { applyManifests, parseManifests } from "./apply-manifests.ts";

const RESOURCES = [
  { name: "namespaces", kind: "Namespace", namespaced: false },
  { name: "services", kind: "Service", namespaced: true },
  { name: "services/status", kind: "Service", namespaced: true },
];

function recording(): { api: ApiClient; calls: ApiCall[] } {
  const calls: ApiCall[] = [];
  const call = (one: ApiCall): Promise<{ status: number; text: string }> => {
    calls.push(one);
    return Promise.resolve({ status: 200, text: JSON.stringify({ resources: RESOURCES }) });
  };
  return { calls, api: { call, json: async <T>(one: ApiCall) => JSON.parse((await call(one)).text) as T, close: () => undefined } };
}

test("a namespace is applied before what lives in it, each at its own path", async () => {
  const { api, calls } = recording();
  const text =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: demo}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: demo}\n";
  await applyManifests(api, parseManifests(text, "demo.yaml"));
  const paths = calls.filter(({ method }) => method === "PATCH").map(({ path }) => path.split("?")[0]);
  assert.deepEqual(paths, ["/api/v1/namespaces/demo", "/api/v1/namespaces/demo/services/web"]);
});

test("a kind that the server does not know is named", async () => {
  const manifests = parseManifests("apiVersion: v1\nkind: Gadget\nmetadata: {name: a}", "x.yaml");
  await assert.rejects(applyManifests(recording().api, manifests), /no Gadget of v1/);
});

test("an object without a name is refused, an empty document is passed over", () => {
  assert.throws(() => parseManifests("apiVersion: v1\nkind: Service\n", "x.yaml"), /x\.yaml holds an object without/);
  assert.deepEqual(parseManifests("---\n", "x.yaml"), []);
});
