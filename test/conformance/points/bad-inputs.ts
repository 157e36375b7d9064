import type { Expect, Json, Point, PointCluster, Step } from "../point.ts";
import { acns, ask, begun, fast, get, mentions, ok, put, refused, saved, whole } from "./parts.ts";

const MEBIBYTE = 1024 * 1024;
const TARGET = "networkProfile.advancedNetworking.performance.accelerationMode";
const DEPLOYMENT = "{S}/resourcegroups/{group}/providers/Microsoft.Resources/deployments/bad";
const D = "api-version=2025-04-01";

/** A point of the table; its text says what comes and, behind the arrow, what must come back. */
function bad(number: number, text: string, steps: readonly Step[]): Point {
  const [what = "", expected = ""] = text.split(" → ");
  return { id: `F2-${number}`, what, expected, steps };
}

/** A point about a cluster that lacks something, or is its own. */
function on(cluster: PointCluster, point: Point): Point {
  return { ...point, cluster };
}

/** PUT of the cluster with this, refused so. */
function badPut(json: Json, expect: Expect): Step {
  return put("{C}", json, expect);
}

function validate(template: Json, parameters: Json = {}): Step {
  const body = { properties: { mode: "Incremental", parameters, template } };
  return ask({ method: "POST", url: `${DEPLOYMENT}/validate?${D}`, json: body }, refused(400, "InvalidTemplate"));
}

function template(more: Readonly<Record<string, Json>>): Json {
  return {
    $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    contentVersion: "1.0.0.0",
    resources: [],
    ...more,
  };
}

const resource = (name: string, dependsOn: string): Json => ({
  type: "Microsoft.ContainerService/managedClusters",
  apiVersion: "2026-04-01",
  name,
  location: "{location}",
  properties: {},
  dependsOn: [`[resourceId('Microsoft.ContainerService/managedClusters', '${dependsOn}')]`],
});

const tagsOf = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, "v"]));

/** F2 1–15: addresses, and bodies that cannot be read. */
const unreadable: readonly Point[] = [
  bad(1, "no api-version → 400 MissingApiVersionParameter", [ask({ url: "{C}" }, refused(400, "MissingApiVersionParameter"))]),
  bad(2, "api-version latest on C → 400 NoRegisteredProviderFound", [
    ask({ url: "{C}?api-version=latest" }, refused(400, "NoRegisteredProviderFound")),
  ]),
  bad(3, "api-version abc on /subscriptions → 400 InvalidApiVersionParameter", [
    ask({ url: "/subscriptions?api-version=abc" }, refused(400, "InvalidApiVersionParameter")),
  ]),
  bad(4, "a subscription id that is no GUID → 400 InvalidSubscriptionId", [
    get("/subscriptions/mine/{RP}/managedClusters", refused(400, "InvalidSubscriptionId")),
  ]),
  bad(5, "an unknown subscription → 404 SubscriptionNotFound", [
    get("/subscriptions/99999999-9999-4999-8999-999999999999/{RP}/managedClusters", refused(404, "SubscriptionNotFound")),
  ]),
  bad(6, "PUT into an unknown resource group → 404 ResourceGroupNotFound", [
    put("{S}/resourceGroups/nowhere-{run}/{RP}/managedClusters/x", fast, refused(404, "ResourceGroupNotFound")),
  ]),
  bad(7, "the unknown type managedClusterz → 404 InvalidResourceType", [
    get("{G}/{RP}/managedClusterz/one", refused(404, "InvalidResourceType")),
  ]),
  bad(8, "an unknown namespace → 404 InvalidResourceNamespace", [
    get("{G}/providers/Microsoft.Nothing/things/one", refused(404, "InvalidResourceNamespace")),
  ]),
  bad(
    9,
    "cluster name -x, of 64 characters, or a%2Fb → 400 InvalidResourceName",
    ["-x", "a".repeat(64), "a%2Fb"].map((name) => put(`{L}/${name}`, fast, refused(400, "InvalidResourceName"))),
  ),
  bad(
    10,
    "a body that is no JSON, and none → 400 InvalidRequestContent",
    ["{", "", "{'a':1}"].map((text) => ask({ method: "PUT", url: "{C}?{V}", text }, refused(400, "InvalidRequestContent"))),
  ),
  bad(
    11,
    "a body that is an array or a scalar → 400 InvalidRequestContent",
    ["[]", "1", "null", '"text"'].map((text) => ask({ method: "PUT", url: "{C}?{V}", text }, refused(400, "InvalidRequestContent"))),
  ),
  bad(12, "Content-Type: text/plain → 415 UnsupportedMediaType", [
    ask({ method: "PUT", url: "{C}?{V}", text: "{}", headers: { "content-type": "text/plain" } }, refused(415, "UnsupportedMediaType")),
  ]),
  bad(13, "a body above 4 MiB → 413 RequestEntityTooLarge", [
    ask({ method: "PUT", url: "{C}?{V}", text: `{"a":"${"x".repeat(4 * MEBIBYTE)}"}` }, refused(413, "RequestEntityTooLarge")),
  ]),
  bad(
    14,
    "the keys __proto__ and constructor → 400 InvalidRequestContent",
    ['{"__proto__":{"x":1}}', '{"properties":{"constructor":{"prototype":{}}}}'].map((text) =>
      ask({ method: "PUT", url: "{C}?{V}", text }, refused(400, "InvalidRequestContent")),
    ),
  ),
  bad(15, "a malformed escape in the address → 400 InvalidRequestUri", [get("{L}/%zz", refused(400, "InvalidRequestUri"))]),
];

const accelerationRefused = (subcode: string): Step =>
  badPut(fast, refused(400, "BadRequest", { "error.subcode": subcode, "error.target": TARGET }));

/** F2 16–27: what a cluster cannot be. */
const impossible: readonly Point[] = [
  bad(16, "PUT of a new cluster without location → 400 LocationRequired, alone or among other faults", [
    put("{N}", { ...(whole as Readonly<Record<string, Json>>), location: "" }, refused(400, "LocationRequired")),
    put(
      "{N}",
      { properties: { dnsPrefix: "x" } },
      refused(400, "MultipleErrorsOccurred", { "error.details": mentions("LocationRequired") }),
    ),
  ]),
  bad(17, "PUT with another location → 409 InvalidResourceLocation", [
    badPut({ location: "antarctica" }, refused(409, "InvalidResourceLocation")),
  ]),
  bad(18, "accelerationMode Fast → 400 InvalidParameter with target", [
    badPut(
      acns({ enabled: true, performance: { accelerationMode: "Fast" } }),
      refused(400, "InvalidParameter", {
        "error.target": mentions("accelerationMode"),
      }),
    ),
  ]),
  bad(19, "accelerationMode true → 400 InvalidRequestContent with target", [
    badPut(
      acns({ enabled: true, performance: { accelerationMode: true } }),
      refused(400, "InvalidRequestContent", {
        "error.target": mentions("accelerationMode"),
      }),
    ),
  ]),
  bad(20, "BpfVeth with enabled: false → 400 BadRequest, AccelerationRequiresACNS", [
    badPut(
      acns({ enabled: false, performance: { accelerationMode: "BpfVeth" } }),
      refused(400, "BadRequest", {
        "error.subcode": "AccelerationRequiresACNS",
      }),
    ),
  ]),
  on(
    "azure-dataplane",
    bad(21, "BpfVeth with dataplane azure → 400 BadRequest, AccelerationRequiresCilium", [
      accelerationRefused("AccelerationRequiresCilium"),
    ]),
  ),
  on(
    "old-version",
    bad(22, "BpfVeth with Kubernetes 1.32 → 400 BadRequest, AccelerationRequiresKubernetesVersion", [
      accelerationRefused("AccelerationRequiresKubernetesVersion"),
    ]),
  ),
  on(
    "old-pools",
    bad(23, "BpfVeth with pools of Ubuntu 22.04 and Windows → 400 BadRequest that names each pool", [
      badPut(fast, refused(400, "BadRequest", { error: mentions("old", "win") })),
    ]),
  ),
  on("gateway", bad(24, "BpfVeth with the static egress gateway → 400 BadRequest", [badPut(fast, refused(400, "BadRequest"))])),
  bad(25, "enabled, and everything in it off → 400 BadRequest", [
    badPut(
      acns({
        enabled: true,
        observability: { enabled: false },
        security: { enabled: false },
        performance: { accelerationMode: "None" },
      }),
      refused(400, "BadRequest"),
    ),
  ]),
  bad(26, "another networkPlugin → 400 PropertyChangeNotAllowed", [
    badPut(
      { location: "{location}", properties: { networkProfile: { networkPlugin: "kubenet" } } },
      refused(400, "PropertyChangeNotAllowed"),
    ),
  ]),
  bad(27, "a provisioningState that is not the cluster's → 400 InvalidRequestContent", [
    badPut({ location: "{location}", properties: { provisioningState: "Failed" } }, refused(400, "InvalidRequestContent")),
  ]),
];

/** F2 28–35: requests that come at the wrong moment or to the wrong place. */
const misplaced: readonly Point[] = [
  bad(28, "PATCH of what is not there → 404 ResourceNotFound", [
    ask({ method: "PATCH", url: "{N}?{V}", json: { tags: { a: "b" } } }, refused(404, "ResourceNotFound")),
  ]),
  bad(29, "a stale If-Match → 412 PreconditionFailed", [
    ask(
      { method: "PUT", url: "{C}?{V}", json: { location: "{location}", tags: {} }, headers: { "if-match": '"stale"' } },
      refused(412, "PreconditionFailed"),
    ),
  ]),
  on(
    "fresh",
    bad(30, "PUT while busy → 409 OperationNotAllowed", [
      begun,
      badPut({ location: "{location}", properties: { kubernetesVersion: "1.37" } }, refused(409, "OperationNotAllowed")),
    ]),
  ),
  bad(31, "51 tags, and a tag key with < → 400 TooManyTags, InvalidTagNameCharacters", [
    get("{C}", ok(), { etag: "eTag" }),
    badPut({ location: "{location}", tags: tagsOf(51) }, refused(400, ["TooManyTags", "InvalidTagNameCharacters"])),
    badPut({ location: "{location}", tags: { "a<b": "c" } }, refused(400, "InvalidTagNameCharacters")),
    get("{C}", ok({ eTag: saved("etag") })),
  ]),
  bad(32, "$skipToken of nobody's making → 400 InvalidParameter", [
    ask({ url: "{L}?{V}&$skipToken=garbage" }, refused(400, "InvalidParameter")),
  ]),
  bad(33, "POST to an unknown action; PUT of the collection → 404; 405", [
    ask({ method: "POST", url: "{C}/explode?{V}" }, { status: 404 }),
    put("{L}", {}, { status: 405, code: "MethodNotAllowed" }),
  ]),
  bad(34, "a template with a cycle, an unknown function, a parameter without value → 400 InvalidTemplate at validate", [
    validate(template({ resources: [resource("a", "b"), resource("b", "a")] })),
    validate(template({ outputs: { x: { type: "string", value: "[noSuchFunction('a')]" } } })),
    validate(template({ parameters: { must: { type: "string" } } })),
  ]),
  bad(35, "HTTP without TLS → refused, never a redirect", [{ step: "withoutTls", url: "{C}?{V}" }]),
];

/** F2: inputs that must be refused; none of them changes anything. */
export const badInputPoints: readonly Point[] = [...unreadable, ...impossible, ...misplaced];
