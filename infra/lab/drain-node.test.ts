import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiCall, ApiClient } from "./api-client.ts";
import { drainNode, isDrained, type DrainedPod } from "./drain-node.ts";

/** Far longer than the test takes. */
const PATIENT = { timeoutMs: 60_000, everyMs: 1 };

function pod(name: string, more: Partial<DrainedPod["metadata"]> = {}, phase = "Running"): DrainedPod {
  return { metadata: { name, namespace: "demo", ...more }, status: { phase } };
}

test("a drain moves pods that somebody makes again elsewhere, and pods of nobody", () => {
  const ownedBy = (kind: string) => ({ ownerReferences: [{ kind, controller: true }] });
  const pods = [
    pod("bare"),
    pod("replica", ownedBy("ReplicaSet")),
    pod("daemon", ownedBy("DaemonSet")),
    pod("static", { annotations: { "kubernetes.io/config.mirror": "x" } }),
    pod("done", ownedBy("Job"), "Succeeded"),
    pod("broken", ownedBy("Job"), "Failed"),
  ];
  assert.deepEqual(
    pods.filter(isDrained).map(({ metadata }) => metadata.name),
    ["bare", "replica"],
  );
});

/** An API server that has these pods on its node; `evict` says what an eviction is answered. */
function server(pods: DrainedPod[], evict: (name: string) => number): ApiClient & { readonly calls: string[] } {
  const calls: string[] = [];
  const call = async ({ method, path }: ApiCall): Promise<{ status: number; text: string }> => {
    calls.push(`${method} ${path}`);
    const evicted = /pods\/([^/]+)\/eviction$/.exec(path)?.[1];
    if (evicted !== undefined) {
      const status = evict(evicted);
      if (status === 201)
        pods.splice(
          pods.findIndex(({ metadata }) => metadata.name === evicted),
          1,
        );
      return { status, text: "" };
    }
    return { status: 200, text: JSON.stringify({ items: pods }) };
  };
  return { calls, call, json: async <T>(one: ApiCall) => JSON.parse((await call(one)).text) as T, close: () => undefined };
}

test("the node is cordoned first; a pod whose budget holds it is asked again", async () => {
  let refusals = 2;
  const api = server([pod("a"), pod("b")], (name) => (name === "b" && refusals-- > 0 ? 429 : 201));
  await drainNode(api, "aks-user-0", PATIENT);
  assert.equal(api.calls[0], "PATCH /api/v1/nodes/aks-user-0");
  assert.equal(api.calls.filter((one) => one.endsWith("pods/b/eviction")).length, 3);
});

test("pods that stay are named", async () => {
  const api = server([pod("held")], () => 429);
  await assert.rejects(drainNode(api, "aks-user-0", { timeoutMs: 5, everyMs: 1 }), {
    code: "lab.not-drained",
    message: /demo\/held did not leave it/,
  });
});

test("a node that the cluster does not know any more is drained", async () => {
  const api: ApiClient = { ...server([pod("a")], () => 201), call: async () => ({ status: 404, text: "" }) };
  await drainNode(api, "aks-user-0", PATIENT);
});
