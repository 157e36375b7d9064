import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { AppError, explain } from "@hostrouting/domain";
import type { V1Pod } from "@kubernetes/client-node";
import { apiClient, failureOf, targetOf } from "./api-client.ts";
import { readCredential } from "./credential.ts";
import { evictablePods } from "./evictable-pods.ts";
import { evictionOutcome } from "./eviction-answer.ts";

describe("an eviction's answer", () => {
  const budgetBody = {
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: "DisruptionBudget", message: "The disruption budget cart needs 1 healthy pods and has 1 currently" }] },
  };
  const rows = [
    [201, {}, { kind: "Evicted" }],
    [404, { message: "pods not found" }, { kind: "Evicted" }],
    [429, budgetBody, { kind: "Refused", budget: "shop/cart" }],
    [429, { message: budgetBody.message }, { kind: "Refused", budget: "a PodDisruptionBudget of namespace shop" }],
    [
      429,
      { details: { causes: [{ reason: "DisruptionBudget" }] } },
      { kind: "Refused", budget: "a PodDisruptionBudget of namespace shop" },
    ],
    [429, { message: "too many requests, please try again later", details: { retryAfterSeconds: 1 } }, undefined],
    [429, "Too many requests, please try again later.", undefined],
    [
      500,
      { message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support." },
      { kind: "Refused", budget: "several PodDisruptionBudgets of namespace shop" },
    ],
    [500, { message: "etcd is gone" }, undefined],
    [403, {}, undefined],
  ] as const;
  for (const [status, body, outcome] of rows)
    test(`${status} ${JSON.stringify(body).slice(0, 60)}`, () => assert.deepEqual(evictionOutcome(status, body, "shop"), outcome));
});

describe("pods that must leave", () => {
  const pod = (name: string, changes: Partial<V1Pod>, metadata: V1Pod["metadata"] = {}): V1Pod => ({
    metadata: { namespace: "shop", name, uid: name, ...metadata },
    status: { phase: "Running" },
    ...changes,
  });
  test("are neither DaemonSets' nor mirror pods nor ended; those on their way out still count", () => {
    const owner = { apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "d", controller: true };
    const pods = [
      pod("plain", {}),
      pod("leaving", {}, { deletionTimestamp: new Date() }),
      pod("of-a-daemonset", {}, { ownerReferences: [owner] }),
      pod("mirror", {}, { annotations: { "kubernetes.io/config.mirror": "x" } }),
      pod("done", { status: { phase: "Succeeded" } }),
      pod("failed", { status: { phase: "Failed" } }),
    ];
    assert.deepEqual(
      evictablePods(pods).map(({ name }) => name),
      ["plain", "leaving"],
    );
  });
});

describe("calls", () => {
  test("keep the server's own path and leave out what is undefined", () => {
    const call = {
      method: "GET",
      path: "/api/v1/nodes",
      query: { watch: "1", resourceVersion: undefined, fieldSelector: "spec.nodeName=a b" },
    } as const;
    assert.equal(
      targetOf(new URL("https://hub/clusters/one/"), call),
      "/clusters/one/api/v1/nodes?watch=1&fieldSelector=spec.nodeName%3Da+b",
    );
  });
  const codes = [
    [401, "kube.forbidden"],
    [403, "kube.forbidden"],
    [404, "kube.not-found"],
    [409, "kube.conflict"],
    [422, "kube.refused"],
    [429, "kube.throttled"],
    [503, "kube.unreachable"],
  ] as const;
  for (const [status, code] of codes)
    test(`status ${status} is ${code} and keeps the server's words`, () => {
      const failure = failureOf({ method: "GET", path: "/x" }, { status, body: { message: "its words" } });
      assert.equal(failure.code, code);
      assert.match(failure.message, /its words/);
    });
});

describe("a kubeconfig", () => {
  const folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  after(() => rmSync(folder, { recursive: true }));
  const write = (cluster: object, user: object): string => {
    const path = join(folder, "kubeconfig");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user }],
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  };
  const server = "https://10.0.0.1:6443";
  const ELSEWHERE = { loopback: "Refused" } as const;
  test("with a certificate is read", () => {
    const credential = readCredential(
      write({ server, "certificate-authority-data": "Y2E=" }, { "client-certificate-data": "Y2VydA==", "client-key-data": "a2V5" }),
      ELSEWHERE,
    );
    assert.deepEqual(
      [credential.server.host, `${credential.ca}`, `${credential.cert}`, `${credential.key}`],
      ["10.0.0.1:6443", "ca", "cert", "key"],
    );
  });
  const refused = [
    ["that runs a program", { server }, { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "/bin/true" } }],
    ["that names an auth provider", { server }, { "auth-provider": { name: "gcp" } }],
    ["that skips the certificate check", { server, "insecure-skip-tls-verify": true }, { token: "t" }],
    ["that names a proxy", { server, "proxy-url": "http://10.0.0.2" }, { token: "t" }],
    ["without TLS", { server: "http://10.0.0.1" }, { token: "t" }],
    ["whose token is a file", { server }, { "token-file": "/etc/shadow" }],
    ["whose certificate is a file", { server }, { "client-certificate": "/etc/hostname", "client-key-data": "a2V5" }],
    ["whose key is a file", { server }, { "client-certificate-data": "Y2VydA==", "client-key": "/etc/shadow" }],
    ["whose authority is a file", { server, "certificate-authority": "/etc/shadow" }, { token: "t" }],
    ["of a server on this machine", { server: "https://127.0.0.1:6443" }, { token: "t" }],
    ["of a server on this machine, of version 6", { server: "https://[::1]:6443" }, { token: "t" }],
    ["of a server at a link-local address", { server: "https://169.254.169.254" }, { token: "t" }],
    ["of a server at a link-local address of version 6", { server: "https://[fe80::1]:6443" }, { token: "t" }],
    ["of 10 MiB", { server }, { token: "t".repeat(10 * 1024 * 1024) }],
  ] as const;
  for (const [what, cluster, user] of refused)
    test(`${what} is refused`, () => {
      assert.throws(
        () => readCredential(write(cluster, user), ELSEWHERE),
        (error: unknown) => error instanceof AppError && error.code === "kube.credential-refused",
      );
    });
  test("of a server on this machine is read where the provider runs it here", () => {
    const credential = readCredential(write({ server: "https://127.0.0.1:6443" }, { token: "t" }), { loopback: "Allowed" });
    assert.equal(credential.server.host, "127.0.0.1:6443");
  });
  test("of a server whose name means this machine is refused when it is connected to", async () => {
    const credential = readCredential(write({ server: "https://localhost:6443" }, { token: "t" }), ELSEWHERE);
    const client = apiClient(credential);
    await assert.rejects(client.call({ method: "GET", path: "/version" }), (error) =>
      /localhost means .*, which is not connected to/.test(explain(error)),
    );
    client.close();
  });
  test("that is missing is refused with its path", () => {
    assert.throws(() => readCredential("/nowhere/kubeconfig", ELSEWHERE), /\/nowhere\/kubeconfig/);
  });
});

test("a write that waits for a dead admission webhook is that step's failure, and no outage", () => {
  const message =
    'Internal error occurred: failed calling webhook "validate.kyverno.svc": dial tcp 10.0.0.1:443: connect: connection refused';
  const { code, message: said } = failureOf({ method: "PATCH", path: "/x" }, { status: 500, body: { message } });
  assert.equal(code, "kube.webhook-away");
  assert.match(said, /validate\.kyverno\.svc/);
});
