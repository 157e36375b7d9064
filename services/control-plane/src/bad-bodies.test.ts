/** Bodies and conditions of PUT that are wrong: the request, the status, the ARM code, and what the error names. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import {
  CLUSTER,
  CLUSTERS,
  VERSION,
  acns,
  checkRefusal,
  checkUntouched,
  fast,
  put,
  registerClusters,
  type Refusal,
} from "./testing/bad-requests.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

const MODE = "networkProfile.advancedNetworking.performance.accelerationMode";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await registerClusters(surface.store);
});
after(() => surface.close());

const refusals: readonly Refusal[] = [
  { name: "not JSON", ask: put(CLUSTER, "{location:"), status: 400, code: "InvalidRequestContent" },
  { name: "an empty body", ask: put(CLUSTER, ""), status: 400, code: "InvalidRequestContent" },
  { name: "no body", ask: { method: "PUT", path: `${CLUSTER}?${VERSION}` }, status: 400, code: "InvalidRequestContent" },
  { name: "an array", ask: put(CLUSTER, []), status: 400, code: "InvalidRequestContent" },
  { name: "a scalar", ask: put(CLUSTER, "7"), status: 400, code: "InvalidRequestContent" },
  { name: "null", ask: put(CLUSTER, "null"), status: 400, code: "InvalidRequestContent" },
  { name: "text/plain", ask: put(CLUSTER, "{}", { "content-type": "text/plain" }), status: 415, code: "UnsupportedMediaType" },
  {
    name: "a form",
    ask: put(CLUSTER, "a=b", { "content-type": "application/x-www-form-urlencoded" }),
    status: 415,
    code: "UnsupportedMediaType",
  },
  { name: "a member __proto__", ask: put(CLUSTER, '{"properties":{"__proto__":{"x":1}}}'), status: 400, code: "InvalidRequestContent" },
  { name: "a member constructor", ask: put(CLUSTER, '{"constructor":{"prototype":{}}}'), status: 400, code: "InvalidRequestContent" },
  {
    name: "100,000 levels deep",
    ask: put(CLUSTER, `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`),
    status: 400,
    code: "InvalidRequestContent",
  },
  {
    name: "text with U+0000",
    ask: put(CLUSTER, { properties: { later: "a\u0000b" } }),
    status: 400,
    code: "InvalidRequestContent",
  },
  { name: "half a surrogate pair", ask: put(CLUSTER, '{"tags":{"a":"\\ud800"}}'), status: 400, code: "InvalidRequestContent" },
  {
    name: "another name in the body",
    ask: put(CLUSTER, { name: "two" }),
    status: 400,
    code: "InvalidRequestContent",
    more: { target: "name" },
  },
  {
    name: "another type in the body",
    ask: put(CLUSTER, { type: "Microsoft.Compute/disks" }),
    status: 400,
    code: "InvalidRequestContent",
    more: { target: "type" },
  },
  { name: "an unknown name without location", ask: put(`${CLUSTERS}/new`, {}), status: 400, code: "LocationRequired" },
  { name: "an unknown name", ask: put(`${CLUSTERS}/new`, fast), status: 400, code: "BadRequest" },
  {
    name: "an unknown name that must exist",
    ask: put(`${CLUSTERS}/new`, fast, { "if-match": "*" }),
    status: 412,
    code: "PreconditionFailed",
  },
  { name: "another location", ask: put(CLUSTER, { location: "eastus" }), status: 409, code: "InvalidResourceLocation" },
  {
    name: "an unknown mode",
    ask: put(CLUSTER, acns({ performance: { accelerationMode: "Fast" } })),
    status: 400,
    code: "InvalidParameter",
    more: { target: MODE },
  },
  {
    name: "a mode of the wrong type",
    ask: put(CLUSTER, acns({ performance: { accelerationMode: true } })),
    status: 400,
    code: "InvalidRequestContent",
    more: { target: MODE },
  },
  { name: "two faults", ask: put(CLUSTER, { location: 1, ...{ tags: { a: 1 } } }), status: 400, code: "MultipleErrorsOccurred" },
  {
    name: "BpfVeth without ACNS",
    ask: put(CLUSTER, acns({ enabled: false, performance: { accelerationMode: "BpfVeth" } })),
    status: 400,
    code: "BadRequest",
    more: { subcode: "AccelerationRequiresACNS", target: MODE },
  },
  {
    name: "BpfVeth on dataplane azure",
    ask: put(`${CLUSTERS}/azure-dataplane`, fast),
    status: 400,
    code: "BadRequest",
    more: { subcode: "AccelerationRequiresCilium" },
  },
  {
    name: "BpfVeth and a change of dataplane",
    ask: put(CLUSTER, {
      properties: {
        networkProfile: { networkDataplane: "azure", advancedNetworking: { enabled: true, performance: { accelerationMode: "BpfVeth" } } },
      },
    }),
    status: 400,
    code: "BadRequest",
    more: { subcode: "AccelerationRequiresCilium" },
  },
  {
    name: "BpfVeth on Kubernetes 1.32",
    ask: put(`${CLUSTERS}/old-version`, fast),
    status: 400,
    code: "BadRequest",
    more: { subcode: "AccelerationRequiresKubernetesVersion" },
  },
  {
    name: "BpfVeth with unsupported pools",
    ask: put(`${CLUSTERS}/old-pools`, fast),
    status: 400,
    code: "BadRequest",
    more: { subcode: "AccelerationRequiresSupportedAgentPools" },
  },
  {
    name: "BpfVeth with a static egress gateway",
    ask: put(`${CLUSTERS}/gateway`, fast),
    status: 400,
    code: "BadRequest",
    more: { subcode: "AccelerationExcludesStaticEgressGateway" },
  },
  {
    name: "ACNS with nothing in it",
    ask: put(CLUSTER, acns({ enabled: true, observability: { enabled: false }, security: { enabled: false } })),
    status: 400,
    code: "BadRequest",
  },
  {
    name: "another network plugin",
    ask: put(CLUSTER, { properties: { networkProfile: { networkPlugin: "kubenet" } } }),
    status: 400,
    code: "PropertyChangeNotAllowed",
    more: { target: "networkProfile.networkPlugin" },
  },
  {
    name: "another Kubernetes version",
    ask: put(CLUSTER, { properties: { kubernetesVersion: "1.37" } }),
    status: 400,
    code: "PropertyChangeNotAllowed",
  },
  {
    name: "more nodes",
    ask: put(CLUSTER, { properties: { agentPoolProfiles: [{ name: "user", count: 3 }] } }),
    status: 400,
    code: "PropertyChangeNotAllowed",
  },
  {
    name: "a pool too many",
    ask: put(CLUSTER, { properties: { agentPoolProfiles: [{ name: "more", count: 1 }] } }),
    status: 400,
    code: "PropertyChangeNotAllowed",
  },
  {
    name: "a claim to be in another state",
    ask: put(CLUSTER, { properties: { provisioningState: "Failed" } }),
    status: 400,
    code: "InvalidRequestContent",
  },
  {
    name: "51 tags",
    ask: put(CLUSTER, { tags: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`t${n}`, ""])) }),
    status: 400,
    code: "TooManyTags",
  },
  { name: "a tag key with <", ask: put(CLUSTER, { tags: { "a<b": "" } }), status: 400, code: "InvalidTagNameCharacters" },
  { name: "a tag value of 257 characters", ask: put(CLUSTER, { tags: { a: "x".repeat(257) } }), status: 400, code: "InvalidTagValue" },
  { name: "a stale etag", ask: put(CLUSTER, fast, { "if-match": '"stale"' }), status: 412, code: "PreconditionFailed" },
];

for (const refusal of refusals) test(refusal.name, () => checkRefusal(surface, refusal));

test("none of these changed anything", () => checkUntouched(surface));

test("each pool that forbids acceleration is named", async () => {
  const { error } = (await surface.ask(put(`${CLUSTERS}/old-pools`, fast))).body;
  assert.deepEqual(
    error.details.map((detail: { target: string }) => detail.target),
    ["agentPoolProfiles.old", "agentPoolProfiles.win"],
  );
});

test("a body over 4 MiB is refused by its header alone, and who still sends it hears that", async () => {
  const reply = await surface.ask({
    ...put(CLUSTER, `{"a":"${"x".repeat(8 * 1024 * 1024)}"}`),
    headers: { "content-type": "application/json" },
  });
  assert.deepEqual([reply.status, reply.body.error.code], [413, "RequestEntityTooLarge"]);
  const asked = await surface.ask({
    method: "PUT",
    path: `${CLUSTER}?${VERSION}`,
    headers: { "content-type": "application/json", "content-length": String(5 * 1024 * 1024), connection: "close" },
  });
  assert.deepEqual([asked.status, asked.body.error.code], [413, "RequestEntityTooLarge"]);
});

test("members that nobody knows are kept up to a limit, also when they come one after another", async () => {
  const member = (name: string): ReturnType<typeof put> =>
    put(`${CLUSTERS}/gateway`, { location: "westeurope", properties: { [name]: "x".repeat(600 * 1024) } });
  assert.equal((await surface.ask(member("first"))).status, 200);
  const { status, body } = await surface.ask(member("second"));
  assert.deepEqual([status, body.error.code, body.error.subcode], [400, "BadRequest", "ResourceTooLarge"]);
  assert.equal((await surface.ask(put(`${CLUSTERS}/gateway`, { location: "westeurope", properties: { first: null } }))).status, 200);
});

test("whatever the body, the reply is 2xx or an ARM error, and never 5xx", async () => {
  const word = fc.constantFrom(
    "properties",
    "networkProfile",
    "advancedNetworking",
    "performance",
    "accelerationMode",
    "agentPoolProfiles",
    "tags",
    "name",
    "enabled",
    "location",
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("BpfVeth", "none", "", "user", "\u0000", null, true, 0, 1e308),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(word, tie("node"), { maxKeys: 6 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(node, async (body) => {
      const reply = await surface.ask(put(`${CLUSTERS}/nobody`, JSON.stringify(body)));
      const onKnown = await surface.ask(put(CLUSTER, JSON.stringify(body)));
      for (const one of [reply, onKnown]) {
        assert.ok(one.status < 500, one.text);
        assert.ok(one.status < 300 || typeof one.body.error.code === "string");
      }
    }),
    { numRuns: 80 },
  );
});
