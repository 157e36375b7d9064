import type { Point, Step } from "../point.ts";
import {
  MODE,
  OPERATION_HEADER,
  STATE,
  absent,
  ask,
  atLeast,
  begun,
  differs,
  fast,
  get,
  ok,
  present,
  put,
  refused,
  saved,
  slow,
} from "./parts.ts";

const LOCATION_HEADER = "header:location";
const deletion: Step = ask(
  { method: "DELETE", url: "{C}?{V}" },
  { status: 202, empty: true, headers: { location: present, "retry-after": atLeast(1) } },
  { deletion: OPERATION_HEADER },
);

/** F1 26–36: operations, their ends, and who may see them. 26 as decided since: the reverse supersedes, equal PUTs and tags are accepted. */
export const operationPoints: readonly Point[] = [
  {
    id: "F1-26",
    what: "PUT while Updating: another change; the same again; tags; the reverse",
    expected: "409 OperationNotAllowed without Retry-After, nothing touched; 200 of the same operation; 200; 200 of a new operation",
    cluster: "fresh",
    steps: [
      begun,
      ask(
        { method: "PUT", url: "{C}?{V}", json: { location: "{location}", properties: { kubernetesVersion: "1.37" } } },
        { status: 409, code: "OperationNotAllowed", headers: { "retry-after": absent } },
      ),
      get("{C}", ok({ eTag: saved("etag"), [STATE]: "Updating" })),
      ask({ method: "PUT", url: "{C}?{V}", json: fast }, { status: 200, headers: { "azure-asyncoperation": saved("op") } }),
      put("{C}", { location: "{location}", tags: { a: "b" } }, ok({ tags: { a: "b" } })),
      ask({ method: "PUT", url: "{C}?{V}", json: slow }, { status: 200, headers: { "azure-asyncoperation": differs("op") } }),
      ask({ url: "{$op}" }, ok({ status: "Canceled", "error.code": present, "error.message": present })),
    ],
  },
  {
    id: "F1-27",
    what: "GET, list and credentials while Updating",
    expected: "200",
    cluster: "made",
    steps: [
      begun,
      get("{C}", ok({ [STATE]: "Updating" })),
      get("{L}", ok({ value: present })),
      ask({ method: "POST", url: "{C}/listClusterUserCredential?{V}" }, ok({ "kubeconfigs.0.value": present })),
    ],
  },
  {
    id: "F1-28",
    what: "DELETE while Updating",
    expected: "202; the old operation Canceled with its error; the delete Succeeded; then 404",
    cluster: "fresh",
    steps: [
      begun,
      deletion,
      ask({ url: "{$op}" }, ok({ status: "Canceled", "error.code": present, "error.message": present })),
      { step: "worker", phase: "Succeeded" },
      { step: "poll", url: "{$deletion}", until: "Succeeded" },
      get("{C}", refused(404, "ResourceNotFound")),
    ],
  },
  {
    id: "F1-29",
    what: "DELETE of what is not there",
    expected: "204",
    steps: [ask({ method: "DELETE", url: "{N}?{V}" }, { status: 204, empty: true })],
  },
  {
    id: "F1-30",
    what: "a second DELETE while Deleting",
    expected: "202, the same operation",
    cluster: "fresh",
    steps: [
      deletion,
      get("{C}", ok({ [STATE]: "Deleting" })),
      ask({ method: "DELETE", url: "{C}?{V}" }, { status: 202, empty: true, headers: { "azure-asyncoperation": saved("deletion") } }),
    ],
  },
  {
    id: "F1-31",
    what: "an operation that fails",
    expected: "Failed with error.code and error.message; C Failed; the next PUT is accepted",
    cluster: "fresh",
    steps: [
      begun,
      { step: "worker", phase: "Failed" },
      {
        step: "poll",
        url: "{$op}",
        until: "Failed",
        expect: ok({ "error.code": present, "error.message": present, endTime: present }),
      },
      get("{C}", ok({ [STATE]: "Failed" })),
      ask({ method: "PUT", url: "{C}?{V}", json: fast }, { status: 200, headers: { "azure-asyncoperation": differs("op") } }),
    ],
  },
  {
    id: "F1-32",
    what: "POST abort while Updating, and when it has settled",
    expected: "202; operation and C Canceled, the abort Succeeded; then 409",
    cluster: "fresh",
    steps: [
      begun,
      ask({ method: "POST", url: "{C}/abort?{V}" }, { status: 202, headers: { location: present } }, { abort: OPERATION_HEADER }),
      { step: "worker", phase: "Canceled" },
      { step: "poll", url: "{$op}", until: "Canceled", expect: ok({ "error.code": present }) },
      { step: "poll", url: "{$abort}", until: "Succeeded", expect: ok({ endTime: present }) },
      get("{C}", ok({ [STATE]: "Canceled" })),
      ask({ method: "POST", url: "{C}/abort?{V}" }, { status: 409, code: "OperationNotAllowed" }),
    ],
  },
  {
    id: "F1-33",
    what: "the operation of another tenant, and of another object id",
    expected: "404",
    cluster: "fresh",
    steps: [
      begun,
      ask({ url: "{$op}", as: "otherTenant" }, { status: 404 }),
      ask({ url: "{$op}", as: "otherObject" }, { status: 404 }),
      ask({ url: "{$op}" }, ok({ status: "InProgress" })),
    ],
  },
  {
    id: "F1-34",
    what: "an operation id that is unknown, and one that is no id",
    expected: "404",
    steps: [
      get("{S}/{RP}/locations/{location}/operations/00000000-0000-4000-8000-000000000000", { status: 404, code: "OperationNotFound" }),
      get("{S}/{RP}/locations/{location}/operations/1", { status: 404, code: "OperationNotFound" }),
    ],
  },
  {
    id: "F1-35",
    what: "the status URL with more in its query",
    expected: "200",
    cluster: "fresh",
    steps: [begun, ask({ url: "{$op}&t=638&c=MII&s=abc%2Bdef&h=x_y-z" }, ok({ status: "InProgress" }))],
  },
  {
    id: "F1-36",
    what: "GET of Location while it runs",
    expected: "202, no body, Location and Retry-After again",
    cluster: "fresh",
    steps: [
      begun,
      ask({ method: "POST", url: "{C}/abort?{V}" }, { status: 202 }, { result: LOCATION_HEADER }),
      ask({ url: "{$result}" }, { status: 202, empty: true, headers: { location: present, "retry-after": atLeast(1) } }),
    ],
  },
  {
    id: "F1-57",
    what: "kill -9 of the control plane in the middle of an operation",
    expected: "the same operation is under way afterwards, and ends",
    cluster: "fresh",
    steps: [
      begun,
      { step: "worker", phase: "Rolling" },
      { step: "crash" },
      ask({ url: "{$op}" }, ok({ status: "InProgress" })),
      ask({ method: "PUT", url: "{C}?{V}", json: fast }, { status: 200, headers: { "azure-asyncoperation": saved("op") } }),
      { step: "worker", phase: "Succeeded" },
      { step: "poll", url: "{$op}", until: "Succeeded" },
      get("{C}", ok({ [STATE]: "Succeeded", [MODE]: "BpfVeth" })),
    ],
  },
];
