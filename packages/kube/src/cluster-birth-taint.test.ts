import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "@hostrouting/domain";
import type { ApiCall } from "./api-client.ts";
import { birthTaint } from "./birth-taint.ts";
import { birthTaintOf } from "./cluster-birth-taint.ts";

type Held = { metadata: { name: string; labels?: Record<string, string>; resourceVersion?: string }; spec: unknown };

/** An API server that holds at most one object of each kind, or knows neither. */
class Server {
  readonly calls: string[] = [];
  isOld = false;
  readonly held = new Map<string, Held>();

  async call({ method, path, body }: ApiCall): Promise<unknown> {
    const [, collection = ""] = /v1\/([a-z]+)/.exec(path) ?? [];
    this.calls.push(`${method} ${collection}`);
    if (this.isOld) throw new AppError("kube.not-found", { say: "the server could not find the requested resource" });
    const held = this.held.get(collection);
    if (method === "GET") return { items: held === undefined ? [] : [held] };
    if (method === "DELETE") return void this.held.delete(collection);
    const wish = body as Held;
    if (method === "PUT" && wish.metadata.resourceVersion !== held?.metadata.resourceVersion)
      throw new AppError("kube.conflict", { say: "has been modified" });
    if (method === "POST" && held !== undefined) throw new AppError("kube.conflict", { say: "already exists" });
    const stored = { ...wish, metadata: { ...wish.metadata, resourceVersion: String(this.calls.length) } };
    this.held.set(collection, stored);
    return stored;
  }

  change(collection: string, change: (held: Held) => Held): void {
    const held = this.held.get(collection);
    assert.ok(held);
    const { metadata, ...rest } = change(held);
    this.held.set(collection, { ...rest, metadata: { ...metadata, resourceVersion: `${metadata.resourceVersion ?? ""}0` } });
  }
}

const IMAGES = "^Ubuntu";
const POLICIES = "mutatingadmissionpolicies";
const BINDINGS = "mutatingadmissionpolicybindings";

async function withPolicy(): Promise<Server> {
  const server = new Server();
  await birthTaintOf(server).applyBirthTaint(IMAGES);
  server.calls.length = 0;
  return server;
}

describe("the admission policy that taints nodes which join", () => {
  it("is made, the policy before its binding, and is then as it should be", async () => {
    const server = new Server();
    const access = birthTaintOf(server);
    assert.deepEqual(await access.readBirthTaint(IMAGES), { kind: "Absent" });
    assert.deepEqual(await access.applyBirthTaint(IMAGES), { kind: "InSync" });
    assert.deepEqual(server.calls, [`GET ${POLICIES}`, `GET ${BINDINGS}`, `POST ${POLICIES}`, `POST ${BINDINGS}`]);
    assert.deepEqual(await access.readBirthTaint(IMAGES), { kind: "InSync" });
  });

  for (const [what, change] of [
    ["a changed expression", (held: Held) => ({ ...held, spec: { ...(held.spec as object), failurePolicy: "Fail" } })],
    ["a member that somebody added", (held: Held) => ({ ...held, spec: { ...(held.spec as object), paramKind: {} } })],
  ] as const)
    it(`is replaced as a whole after ${what}`, async () => {
      const server = await withPolicy();
      server.change(POLICIES, change);
      const access = birthTaintOf(server);
      assert.deepEqual(await access.readBirthTaint(IMAGES), { kind: "Drifted" });
      assert.deepEqual(await access.applyBirthTaint(IMAGES), { kind: "InSync" });
      assert.deepEqual(await access.readBirthTaint(IMAGES), { kind: "InSync" });
    });

  it("is not written over what somebody wrote since it was read, and is read anew before the next try", async () => {
    const server = await withPolicy();
    const access = birthTaintOf(server);
    await access.readBirthTaint(IMAGES);
    server.change(POLICIES, (held) => ({ ...held, spec: { ...(held.spec as object), paramKind: {} } }));
    await assert.rejects(access.applyBirthTaint(IMAGES), { code: "kube.conflict" });
    assert.deepEqual(await access.applyBirthTaint(IMAGES), { kind: "InSync" });
  });

  it("without its binding is not in force", async () => {
    const server = await withPolicy();
    server.held.delete(BINDINGS);
    assert.deepEqual(await birthTaintOf(server).readBirthTaint(IMAGES), { kind: "Drifted" });
  });

  it("of our name that is somebody else's is neither replaced nor removed", async () => {
    const server = await withPolicy();
    server.change(POLICIES, (held) => ({ ...held, metadata: { name: held.metadata.name } }));
    assert.deepEqual(await birthTaintOf(server).readBirthTaint(IMAGES), { kind: "Foreign" });
    await assert.rejects(birthTaintOf(server).applyBirthTaint(IMAGES), { code: "kube.refused" });
    await birthTaintOf(server).removeBirthTaint();
    assert.deepEqual([...server.held.keys()], [POLICIES]);
  });

  it("is not there to be had from an API server before 1.36", async () => {
    const server = new Server();
    server.isOld = true;
    assert.deepEqual(await birthTaintOf(server).readBirthTaint(IMAGES), { kind: "Unsupported" });
  });

  it("matches nothing but nodes that are made", () => {
    const { policy } = birthTaint(IMAGES);
    const { matchConstraints, failurePolicy } = policy.spec as { matchConstraints: { resourceRules: unknown }; failurePolicy: string };
    assert.deepEqual(matchConstraints.resourceRules, [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nodes"], scope: "*" },
    ]);
    assert.equal(failurePolicy, "Ignore");
  });
});
