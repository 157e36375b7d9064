import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { kubernetesCluster } from "@hostrouting/kube";
import { startTestWebhook } from "./testing/test-webhook.ts";

const NODES = "/api/v1/nodes";
const node = (name: string, resourceVersion: string): unknown => ({ metadata: { name, resourceVersion } });

/** What rounds read is in six collections. */
const COLLECTIONS = 6;

type Watch = { readonly path: string; readonly query: URLSearchParams; readonly reply: ServerResponse };

/** An API server over TLS, as far as lists and watches go: there is one node and nothing else. `onWatches` gets the open watches when each collection has one. */
async function startStub(onWatches: (watches: readonly Watch[]) => void) {
  const watches: Watch[] = [];
  const server = await startTestWebhook(({ path }, reply) => {
    const url = new URL(path, "https://stub");
    const isOfNodes = url.pathname === NODES;
    reply.setHeader("content-type", "application/json");
    if (!url.searchParams.has("watch"))
      return void reply.end(JSON.stringify({ items: isOfNodes ? [node("n1", "7")] : [], metadata: { resourceVersion: "7" } }));
    reply.flushHeaders();
    watches.push({ path: url.pathname, query: url.searchParams, reply });
    if (watches.length === COLLECTIONS) onWatches(watches);
  });
  const folder = mkdtempSync(join(tmpdir(), "watched-"));
  const kubeconfig = join(folder, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: server.url, "certificate-authority-data": Buffer.from(server.ca).toString("base64") } }],
    users: [{ name: "u", user: { token: "t" } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  return { server, kubeconfig, end: () => rmSync(folder, { recursive: true }) };
}

test("over real connections a cluster is listed once, watched from there, read without asking, and missed as soon as it is gone", async () => {
  const opened = Promise.withResolvers<readonly Watch[]>();
  const changed = Promise.withResolvers<void>();
  const { server, kubeconfig, end } = await startStub((watches) => opened.resolve(watches));
  const access = kubernetesCluster(kubeconfig, { loopback: "Allowed" });
  let isTold = false;
  const watch = access.watch("p", () => void (isTold && changed.resolve()));
  try {
    const ofNodes = (await opened.promise).find(({ path }) => path === NODES);
    assert.deepEqual([ofNodes?.query.get("resourceVersion"), ofNodes?.query.get("allowWatchBookmarks")], ["7", "true"]);
    isTold = true;
    ofNodes?.reply.write(`${JSON.stringify({ type: "ADDED", object: node("n2", "8") })}\n`);
    await changed.promise;
    const names = (await access.listNodes()).map(({ metadata }) => metadata?.name);
    assert.deepEqual(names, ["n1", "n2"]);
    assert.equal(server.asked.filter(({ path }) => path === NODES).length, 1);
    await server.close();
    // Until the broken connections are heard of, what is kept is read.
    const seen = async (): Promise<unknown> => {
      await new Promise((resolve) => setImmediate(resolve));
      return access.readConfig().catch((error: unknown) => error);
    };
    let last = await seen();
    while (last === undefined) last = await seen();
    assert.ok(last instanceof AppError && last.code === "kube.unreachable");
  } finally {
    watch.close();
    access.close();
    end();
  }
});
