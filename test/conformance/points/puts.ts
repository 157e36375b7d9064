import type { Point } from "../point.ts";
import {
  ACNS,
  MODE,
  OPERATION_HEADER,
  STATE,
  absent,
  acns,
  ask,
  atLeast,
  enabled,
  fast,
  get,
  matches,
  ok,
  put,
  saved,
  saving,
  whole,
} from "./parts.ts";

const OPERATION_URL = matches(
  /^https:\/\/[^/]+\/subscriptions\/[^/]+\/providers\/Microsoft\.ContainerService\/locations\/[^/]+\/operations\/[0-9a-f-]{36}\?/i,
);
/** Everything off, as it is always shown. */
const ALL_OFF = {
  [`${ACNS}.enabled`]: false,
  [`${ACNS}.observability.enabled`]: false,
  [`${ACNS}.security.enabled`]: false,
  [`${ACNS}.security.advancedNetworkPolicies`]: "None",
  [`${ACNS}.security.transitEncryption.type`]: "None",
  [MODE]: "None",
} as const;
const OLD = "api-version=2025-10-01";

/** F1 12–25: what a PUT answers and what it makes of the cluster. */
export const putPoints: readonly Point[] = [
  {
    id: "F1-12",
    what: "PUT of a new cluster",
    expected: "201, Creating, Azure-AsyncOperation absolute, Retry-After ≥ 1; it ends Succeeded",
    steps: [
      ask(
        { method: "PUT", url: "{N}?{V}", json: whole },
        {
          status: 201,
          body: { [STATE]: "Creating", [MODE]: "BpfVeth" },
          headers: { "azure-asyncoperation": OPERATION_URL, "retry-after": atLeast(1) },
        },
        { op: OPERATION_HEADER },
      ),
      { step: "worker", phase: "Succeeded", of: "N" },
      { step: "poll", url: "{$op}", until: "Succeeded" },
      get("{N}", ok({ [STATE]: "Succeeded", [MODE]: "BpfVeth" })),
    ],
  },
  {
    id: "F1-13",
    what: "PUT of the same cluster with BpfVeth",
    expected: "200, Updating, the body shows BpfVeth",
    cluster: "fresh",
    steps: [
      ask(
        { method: "PUT", url: "{C}?{V}", json: fast },
        {
          status: 200,
          body: { [STATE]: "Updating", [MODE]: "BpfVeth" },
          headers: { "azure-asyncoperation": OPERATION_URL, "retry-after": atLeast(1) },
        },
      ),
    ],
  },
  {
    id: "F1-14",
    what: "PUTs that create, begin, repeat and change nothing",
    expected: "200 or 201, never 202",
    cluster: "fresh",
    steps: [
      put("{N}", whole, { status: 201 }),
      put("{C}", fast, { status: 200 }),
      put("{C}", fast, { status: 200 }),
      put("{C}", { location: "{location}", tags: { a: "b" } }, { status: 200 }),
    ],
  },
  {
    id: "F1-15",
    what: "poll of the operation, then GET C",
    expected: "200 InProgress with Retry-After; Succeeded with endTime; C Succeeded with BpfVeth",
    cluster: "fresh",
    steps: [
      saving(put("{C}", fast, ok()), { op: OPERATION_HEADER }),
      ask(
        { url: "{$op}" },
        {
          status: 200,
          body: { status: "InProgress", startTime: matches(/^\d{4}-/), endTime: absent },
          headers: { "retry-after": atLeast(1) },
        },
      ),
      { step: "worker", phase: "Succeeded" },
      {
        step: "poll",
        url: "{$op}",
        until: "Succeeded",
        expect: { status: 200, body: { endTime: matches(/^\d{4}-/), error: absent }, headers: { "retry-after": absent } },
      },
      get("{C}", ok({ [STATE]: "Succeeded", [MODE]: "BpfVeth" })),
    ],
  },
  {
    id: "F1-16",
    what: "the same PUT when it has settled",
    expected: "200 without Azure-AsyncOperation, eTag and lastModifiedAt as before",
    cluster: "fresh",
    steps: [
      ...enabled,
      get("{C}", ok(), { etag: "eTag", at: "systemData.lastModifiedAt" }),
      ask(
        { method: "PUT", url: "{C}?{V}", json: fast },
        {
          status: 200,
          body: { eTag: saved("etag"), "systemData.lastModifiedAt": saved("at"), [STATE]: "Succeeded" },
          headers: { "azure-asyncoperation": absent },
        },
      ),
    ],
  },
  {
    id: "F1-17",
    what: "PUT with advancedNetworking without performance",
    expected: "mode None",
    cluster: "fresh",
    steps: [...enabled, put("{C}", acns({ enabled: true }), ok({ [MODE]: "None" }))],
  },
  {
    id: "F1-18",
    what: "PUT without advancedNetworking",
    expected: "the mode is as it was",
    cluster: "fresh",
    steps: [...enabled, put("{C}", { location: "{location}", properties: { networkProfile: {} } }, ok({ [MODE]: "BpfVeth" }))],
  },
  {
    id: "F1-19",
    what: "PUT with storageProfile {}",
    expected: "the CSI settings are as they were",
    cluster: "fresh",
    steps: [
      get("{C}", ok(), { storage: "properties.storageProfile" }),
      put("{C}", { location: "{location}", properties: { storageProfile: {} } }, ok({ "properties.storageProfile": saved("storage") })),
    ],
  },
  {
    id: "F1-20",
    what: "PUT with a version that lacks the field",
    expected: "the mode is as it was",
    cluster: "fresh",
    steps: [
      ...enabled,
      ask({ method: "PUT", url: `{C}?${OLD}`, json: acns({ enabled: true }) }, { status: 200, body: { [`${ACNS}.performance`]: absent } }),
      get("{C}", ok({ [MODE]: "BpfVeth" })),
    ],
  },
  {
    id: "F1-21",
    what: "GET with a version that lacks the field",
    expected: "200 without the field",
    cluster: "fresh",
    steps: [...enabled, ask({ url: `{C}?${OLD}` }, ok({ [`${ACNS}.performance`]: absent, [`${ACNS}.enabled`]: true }))],
  },
  {
    id: "F1-22",
    what: "PUT {enabled, performance: BpfVeth}",
    expected: "observability and security come back switched on",
    cluster: "fresh",
    steps: [put("{C}", fast, ok({ [`${ACNS}.observability.enabled`]: true, [`${ACNS}.security.enabled`]: true, [MODE]: "BpfVeth" }))],
  },
  {
    id: "F1-23",
    what: "PUT {enabled: false}",
    expected: "everything off, mode None",
    cluster: "fresh",
    steps: [...enabled, put("{C}", acns({ enabled: false }), ok(ALL_OFF))],
  },
  {
    id: "F1-24",
    what: "GET of a cluster that was never configured",
    expected: "the whole object, everything off",
    cluster: "bare",
    steps: [get("{C}", ok(ALL_OFF))],
  },
  {
    id: "F1-25",
    what: "PUT with members that nobody knows",
    expected: "200; kept or ignored, never 400",
    cluster: "fresh",
    steps: [
      put("{C}", { location: "{location}", mystery: { a: 1 }, properties: { mystery: [1, 2], networkProfile: { mystery: "x" } } }, ok()),
      get("{C}", ok({ name: "{name}" })),
    ],
  },
];
