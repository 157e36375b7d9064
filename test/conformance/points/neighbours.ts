import type { Json, Point } from "../point.ts";
import { MODE, OPERATION_HEADER, STATE, ask, get, matches, mentions, ok, present, put, refused, saved, saving, whole } from "./parts.ts";

const DEPLOYMENT = "{S}/resourcegroups/{group}/providers/Microsoft.Resources/deployments";
const D = "api-version=2025-04-01";
const CLUSTER_RESOURCE = (mode: string): string => `{
      "type": "Microsoft.ContainerService/managedClusters", // the cluster that is there
      "apiVersion": "2026-04-01",
      "name": "[parameters('name')]",
      "location": "{location}",
      "properties": { "networkProfile": { "advancedNetworking": { "enabled": true, "performance": { "accelerationMode": "${mode}" } } } }
    }`;
/** As az sends it: the template's text under an unquoted key, with its comments and line breaks. */
const spliced = (mode: string, first = ""): string => `{"properties": {"parameters": {"name": {"value": "{name}"}}${first}, template: {
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", /* one resource,
     and what it was called */
  "parameters": { "name": { "type": "string", "metadata": { "description": "two
lines" } } },
  "resources": [ ${CLUSTER_RESOURCE(mode)} ],
  "outputs": { "upper": { "type": "string", "value": "[toUpper(parameters('name'))]" } }
}}}`;
const SUBSCRIPTION_STATES: Json = ["InvalidSubscriptionState", "ReadOnlyDisabledSubscription"];

/** F1 45–54: provider, operations list, throttling, subscriptions, deployments, systemData. */
export const neighbourPoints: readonly Point[] = [
  {
    id: "F1-45",
    what: "GET of the provider",
    expected: "managedClusters' versions newest first, the first stable one the newest GA",
    steps: [
      ask(
        { url: "{S}/providers/Microsoft.ContainerService?api-version=2024-11-01" },
        ok({
          registrationState: "Registered",
          "resourceTypes[resourceType=managedClusters].apiVersions": { check: "versionsNewestFirst" },
          "resourceTypes[resourceType=managedClusters].locations": present,
        }),
      ),
    ],
  },
  {
    id: "F1-46",
    what: "GET /providers/Microsoft.ContainerService/operations",
    expected: "an entry for each route, and register/action",
    steps: [
      get(
        "/providers/Microsoft.ContainerService/operations",
        ok({
          value: mentions(
            ...[
              "register/action",
              "managedClusters/read",
              "managedClusters/write",
              "managedClusters/delete",
              "managedClusters/listClusterUserCredential/action",
              "managedClusters/hostRoutings/read",
              "managedClusters/hostRoutings/pause/action",
              "managedClusters/hostRoutings/rollback/action",
            ].map((name) => `"Microsoft.ContainerService/${name}"`),
          ),
          "value.0.display": present,
        }),
      ),
    ],
  },
  {
    id: "F1-47",
    what: "writes until the bucket is empty",
    expected: "429 TooManyRequests with Retry-After ≥ 1; the remaining writes count down before",
    cluster: "fresh",
    steps: [
      ask(
        { method: "PUT", url: "{C}?{V}", json: { location: "{location}" } },
        { status: 200, headers: { "x-ms-ratelimit-remaining-subscription-writes": matches(/^\d+$/) } },
        { before: "header:x-ms-ratelimit-remaining-subscription-writes" },
      ),
      ask(
        { method: "PUT", url: "{C}?{V}", json: { location: "{location}" } },
        { status: 200, headers: { "x-ms-ratelimit-remaining-subscription-writes": { check: "below", name: "before" } } },
      ),
      {
        step: "repeat",
        ask: { method: "PUT", url: "{C}?{V}", json: { location: "{location}" } },
        until: 429,
        atMost: 2_000,
        expect: { status: 429, code: "TooManyRequests", headers: { "retry-after": { check: "atLeast", value: 1 } } },
      },
    ],
  },
  {
    id: "F1-48",
    what: "a subscription that is Suspended, then Deleted",
    expected: "PUT 409, GET 200, DELETE 2xx; Deleted: the clusters are gone",
    cluster: "fresh",
    steps: [
      { step: "subscription", state: "Suspended" },
      put("{C}", { location: "{location}", tags: {} }, { status: 409, code: SUBSCRIPTION_STATES as readonly string[] }),
      get("{C}", ok()),
      ask({ method: "DELETE", url: "{C}?{V}" }, { status: [202, 204] }),
      { step: "subscription", state: "Deleted" },
      get("{C}", { status: 404 }),
      { step: "subscription", state: "Registered" },
    ],
  },
  {
    id: "F1-49",
    what: "PUT of a deployment with az's spliced body (comments, line breaks, bare key)",
    expected: "200 or 201 with Azure-AsyncOperation",
    cluster: "fresh",
    steps: [
      ask(
        { method: "PUT", url: `${DEPLOYMENT}/spliced-{name}?${D}`, text: spliced("None") },
        { status: [200, 201], headers: { "azure-asyncoperation": present } },
      ),
    ],
  },
  {
    id: "F1-50",
    what: "a deployment without mode",
    expected: "Incremental",
    cluster: "fresh",
    steps: [
      ask(
        { method: "PUT", url: `${DEPLOYMENT}/mode-{name}?${D}`, text: spliced("None") },
        { status: [200, 201], body: { "properties.mode": "Incremental" } },
      ),
    ],
  },
  {
    id: "F1-51",
    what: "a deployment that switches the mode",
    expected: "the cluster gets BpfVeth; outputs are evaluated; one operation Create",
    cluster: "fresh",
    steps: [
      ask(
        { method: "PUT", url: `${DEPLOYMENT}/toggle-{name}?${D}`, text: spliced("BpfVeth") },
        { status: [200, 201] },
        { op: OPERATION_HEADER },
      ),
      { step: "worker", phase: "Succeeded" },
      { step: "poll", url: "{$op}", until: "Succeeded" },
      ask(
        { url: `${DEPLOYMENT}/toggle-{name}?${D}` },
        ok({ "properties.provisioningState": "Succeeded", "properties.outputs.upper.value": "{name:upper}" }),
      ),
      get("{C}", ok({ [MODE]: "BpfVeth", [STATE]: "Succeeded" })),
      ask(
        { url: `{S}/resourcegroups/{group}/deployments/toggle-{name}/operations?${D}` },
        ok({ value: mentions('"provisioningOperation":"Create"', "{name}") }),
      ),
    ],
  },
  {
    id: "F1-52",
    what: "validate of a deployment with a value that cannot be",
    expected: "400 InvalidTemplateDeployment with the inner error; nothing changed",
    cluster: "fresh",
    steps: [
      get("{C}", ok(), { etag: "eTag" }),
      ask(
        { method: "POST", url: `${DEPLOYMENT}/bad-{name}/validate?${D}`, text: spliced("Fast") },
        refused(400, "InvalidTemplateDeployment", { "error.details.0.code": present, "error.details.0.message": present }),
      ),
      get("{C}", ok({ eTag: saved("etag") })),
    ],
  },
  {
    id: "F1-53",
    what: "what-if of a deployment that switches the mode",
    expected: "one Modify whose delta has the mode's path",
    cluster: "fresh",
    steps: [
      ask(
        {
          method: "POST",
          url: `${DEPLOYMENT}/if-{name}/whatIf?${D}`,
          text: spliced("BpfVeth", ', "mode": "Incremental", "whatIfSettings": {}'),
        },
        {
          status: [200, 202],
          body: {
            "properties.changes[changeType=Modify].delta": mentions("networkProfile.advancedNetworking.performance.accelerationMode"),
          },
        },
      ),
    ],
  },
  {
    id: "F1-54",
    what: "systemData after create and after updates by a service principal and by a user",
    expected: "create sets both pairs; an update only lastModified*; Application, User",
    cluster: "fresh",
    steps: [
      saving(
        put("{N}", whole, {
          status: 201,
          body: { "systemData.createdByType": "Application", "systemData.lastModifiedByType": "Application" },
        }),
        { at: "systemData.createdAt", by: "systemData.createdBy" },
      ),
      get(
        "{N}",
        ok({ "systemData.createdAt": saved("at"), "systemData.lastModifiedAt": saved("at"), "systemData.lastModifiedBy": saved("by") }),
      ),
      get("{C}", ok(), { created: "systemData.createdAt", creator: "systemData.createdBy" }),
      ask(
        { method: "PUT", url: "{C}?{V}", as: "user", json: { location: "{location}", tags: { by: "a user" } } },
        ok({
          "systemData.createdAt": saved("created"),
          "systemData.createdBy": saved("creator"),
          "systemData.lastModifiedByType": "User",
          "systemData.lastModifiedAt": { check: "differs", name: "created" },
        }),
      ),
    ],
  },
  {
    id: "F1-55",
    what: "the real az 2.91",
    expected: "exit code 0 and the requests in their order",
    steps: [],
    elsewhere: "test/az runs it",
  },
  {
    id: "F1-56",
    what: "the real SDKs for JavaScript and Python",
    expected: "pollers finish, fail and cancel; 429, then success",
    steps: [],
    elsewhere: "services/control-plane/src/azure-sdk.test.ts and test/conformance/python-sdk.test.ts run them",
  },
];
