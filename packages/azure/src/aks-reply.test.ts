import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { aksOperation, aksView } from "./aks-cluster.ts";
import { readReply, type AksAnswer } from "./aks-reply.ts";
import { readAksRights } from "./aks-rights.ts";
import { whatIsWrongWithAksSettings } from "./aks-settings.ts";
import { withAccelerationMode } from "./with-acceleration-mode.ts";

const error = (code: string): string => JSON.stringify({ error: { code, message: "M" } });
const said = "(C) M";
const answers: readonly (readonly [status: number, body: string, headers: Record<string, string>, expected: unknown])[] = [
  [200, "{}", {}, { kind: "Said", value: {} }],
  [202, "", {}, { kind: "Said", value: undefined }],
  [200, "<html>", {}, { kind: "Unknown", message: "The answer of 200 is no JSON." }],
  [412, error("C"), {}, { kind: "Changed", message: said }],
  [409, error("C"), {}, { kind: "Busy", message: said }],
  [429, error("C"), { "retry-after": "17" }, { kind: "Throttled", message: said, retryInMs: 17_000 }],
  [429, error("C"), {}, { kind: "Throttled", message: said, retryInMs: 60_000 }],
  [429, error("C"), { "retry-after": "999999" }, { kind: "Throttled", message: said, retryInMs: 3_600_000 }],
  [401, error("C"), {}, { kind: "Unknown", message: said }],
  [503, "", {}, { kind: "Unknown", message: "(Http503)" }],
  [403, error("C"), {}, { kind: "Refused", httpStatus: 403, code: "C", message: "M" }],
  [400, error("C"), {}, { kind: "Refused", httpStatus: 400, code: "C", message: "M" }],
];
for (const [status, bodyAsText, headers, expected] of answers)
  test(`${status} ${bodyAsText} ${JSON.stringify(headers)} is ${JSON.stringify(expected)}`, () => {
    const request = createPipelineRequest({ url: "https://arm.example" });
    const reply = { status, bodyAsText, headers: createHttpHeaders(headers), request };
    assert.deepEqual(
      readReply(reply, (body) => body),
      expected,
    );
  });

test("nothing but the mode is changed, also of members that nobody knows", () => {
  const cluster = (accelerationMode: string): object => ({
    tags: { a: "b" },
    properties: { fromTheFuture: 1, networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode, x: 2 } } } },
  });
  assert.deepEqual(withAccelerationMode(cluster("None"), "BpfVeth"), cluster("BpfVeth"));
});

test("a cluster without a mode has none, and pools without a state are left out", () => {
  const pools = [{ name: "a", provisioningState: "Upgrading" }, { name: "b" }];
  const body = { eTag: "7", properties: { provisioningState: "Updating", nodeResourceGroup: "MC", agentPoolProfiles: pools } };
  assert.deepEqual(aksView(body), {
    mode: "None",
    etag: "7",
    provisioningState: "Updating",
    poolStates: { a: "Upgrading" },
    nodeResourceGroup: "MC",
  });
});

test("an operation is under way until Azure says one of three words, and a failure keeps its code", () => {
  assert.deepEqual(aksOperation({ status: "Upgrading" }), { status: "InProgress" });
  assert.deepEqual(aksOperation({ status: "Failed", error: { code: "QuotaExceeded", message: "M" } }), {
    status: "Failed",
    error: { code: "QuotaExceeded", message: "M" },
  });
});

const id = "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
const good = { resourceId: id, credential: { kind: "Default" }, kubeconfigFile: "/etc/kubeconfig" };
const settings: readonly (readonly [given: unknown, wrong: RegExp | undefined])[] = [
  [good, undefined],
  [{ ...good, credential: { kind: "ClientSecret", tenantId: "t", clientId: "c", secretFile: "/s" } }, undefined],
  [{ ...good, resourceId: "/subscriptions/x" }, /resourceId/],
  [{ ...good, arm: "http://arm" }, /arm must be an https URL/],
  [{ ...good, kubeconfigFile: "here" }, /kubeconfigFile/],
  [{ ...good, more: 1 }, /more is not known/],
  [
    { ...good, credential: { kind: "ClientSecret", tenantId: "t", clientId: "c", secretFile: "/s", secret: "x" } },
    /secret belongs into the file/,
  ],
  [[], /JSON object/],
];
for (const [given, wrong] of settings)
  test(`settings ${JSON.stringify(given)}: ${wrong === undefined ? "fine" : wrong.source}`, () => {
    const found = whatIsWrongWithAksSettings(given).join("; ");
    if (wrong === undefined) assert.equal(found, "");
    else assert.match(found, wrong);
  });

/** Answers by the kind of thing that is asked for: `locks` or `permissions`. */
const getting =
  (bodies: Readonly<Record<string, unknown>>) =>
  async <T>(path: string, read: (body: unknown) => T): Promise<AksAnswer<T>> => {
    const body = bodies[path.includes("/locks?") ? "locks" : "permissions"];
    return body === undefined
      ? { kind: "Refused", httpStatus: 403, code: "AuthorizationFailed", message: "M" }
      : { kind: "Said", value: read(body) };
  };
const rightsPlace = { resourceId: id, subscriptionId: "s", nodeResourceGroup: "MC_g" };
const locks = { value: [{ name: "keep", properties: { level: "CanNotDelete" } }] };
const owner = { value: [{ actions: ["*"], notActions: [] }] };

test("locks on the cluster and its nodes' group are named, and so are actions that no role gives", async () => {
  const read = await readAksRights(getting({ locks, permissions: { value: [{ actions: ["*/read"], notActions: [] }] } }), rightsPlace);
  assert.deepEqual(read, {
    kind: "Said",
    value: {
      locks: ["lock keep on c", "lock keep on MC_g"],
      missingActions: ["Microsoft.ContainerService/managedClusters/write", "Microsoft.ContainerService/managedClusters/agentPools/write"],
    },
  });
  assert.deepEqual(await readAksRights(getting({ locks: { value: [] }, permissions: owner }), rightsPlace), {
    kind: "Said",
    value: { locks: [], missingActions: [] },
  });
});

test("locks that may not be read are not taken for none", async () => {
  assert.equal((await readAksRights(getting({ permissions: owner }), rightsPlace)).kind, "Refused");
});
