import type { Json, Point } from "../point.ts";
import { ACNS, MODE, absent, ask, enabled, get, ok, present, refused, saved, whole } from "./parts.ts";

const tags = (value: string): Json => ({ location: "{location}", tags: { at: value } });
const putIf = (headers: Readonly<Record<string, string>>, value: string, status: number): ReturnType<typeof ask> =>
  ask(
    { method: "PUT", url: "{C}?{V}", headers, json: tags(value) },
    status === 412 ? refused(412, "PreconditionFailed") : ok({ "tags.at": value }),
    status === 412 ? undefined : { etag: "eTag" },
  );

const POOL_SIZE = "properties.agentPoolProfiles.0.vmSize";

/** F1 37–44: etags, PATCH, lists, credentials. */
export const conditionAndListPoints: readonly Point[] = [
  {
    id: "F1-37",
    what: "If-Match right (quoted, bare, W/), wrong, *, empty",
    expected: "200, 412 PreconditionFailed, 200, ignored",
    cluster: "fresh",
    steps: [
      get("{C}", ok({ eTag: present }), { etag: "eTag" }),
      putIf({ "if-match": '"{$etag}"' }, "1", 200),
      putIf({ "if-match": "{$etag}" }, "2", 200),
      putIf({ "if-match": 'W/"{$etag}"' }, "3", 200),
      putIf({ "if-match": '"wrong"' }, "4", 412),
      putIf({ "if-match": "*" }, "5", 200),
      putIf({ "if-match": "" }, "6", 200),
    ],
  },
  {
    id: "F1-38",
    what: "If-None-Match: * where there is a cluster, and where there is none",
    expected: "412; 201",
    cluster: "fresh",
    steps: [
      putIf({ "if-none-match": "*" }, "1", 412),
      ask({ method: "PUT", url: "{N}?{V}", headers: { "if-none-match": "*" }, json: whole }, { status: 201 }),
    ],
  },
  {
    id: "F1-39",
    what: "PATCH {tags: {a: b}}",
    expected: "200 or 202; tags exactly so, properties as they were but for the eTags of pools",
    cluster: "fresh",
    steps: [
      get("{C}", ok(), { network: "properties.networkProfile", pool: "properties.agentPoolProfiles.0.name", size: POOL_SIZE }),
      ask({ method: "PATCH", url: "{C}?{V}", json: { tags: { a: "b" } } }, { status: [200, 202] }),
      get(
        "{C}",
        ok({
          tags: { a: "b" },
          "properties.networkProfile": saved("network"),
          "properties.agentPoolProfiles.0.name": saved("pool"),
          [POOL_SIZE]: saved("size"),
        }),
      ),
    ],
  },
  {
    id: "F1-40",
    what: "PATCH of the mode alone, to None",
    expected: "200 or 202; the other members as they were",
    cluster: "fresh",
    steps: [
      ...enabled,
      get("{C}", ok(), { security: `${ACNS}.security`, tags: "tags", storage: "properties.storageProfile" }),
      ask(
        {
          method: "PATCH",
          url: "{C}?{V}",
          json: { properties: { networkProfile: { advancedNetworking: { performance: { accelerationMode: "None" } } } } },
        },
        { status: [200, 202] },
      ),
      get(
        "{C}",
        ok({ [MODE]: "None", [`${ACNS}.security`]: saved("security"), tags: saved("tags"), "properties.storageProfile": saved("storage") }),
      ),
    ],
  },
  {
    id: "F1-41",
    what: "list by pages of 2 over 5, both spellings of $skipToken",
    expected: "3 pages, none twice, the last without nextLink",
    steps: [
      { step: "fill", group: "pages", clusters: 5, bytesEach: 10 },
      { step: "walk", url: "{S}/resourceGroups/pages/{RP}/managedClusters?{V}&$top=2", pages: 3, items: 5, token: "$skipToken" },
      { step: "walk", url: "{S}/resourceGroups/pages/{RP}/managedClusters?{V}&$top=2", pages: 3, items: 5, token: "%24skipToken" },
    ],
  },
  {
    id: "F1-42",
    what: "list of an empty group, and of one that does not exist",
    expected: "200 {value: []}; 404 ResourceGroupNotFound",
    steps: [
      get("{S}/resourceGroups/{emptyGroup}/{RP}/managedClusters", ok({ value: [], nextLink: absent })),
      get("{S}/resourceGroups/nowhere-{run}/{RP}/managedClusters", refused(404, "ResourceGroupNotFound")),
    ],
  },
  {
    id: "F1-43",
    what: "the list of the group, in other letter cases, and that of the subscription",
    expected: "they agree",
    steps: [
      get("{L}", ok({ value: { check: "noneTwice" } }), { list: "value", one: "value[name={name}]" }),
      get("{L:upper}", ok({ value: saved("list") })),
      get("{S}/{RP}/managedClusters", ok({ "value[name={name}]": saved("one") })),
    ],
  },
  {
    id: "F1-44",
    what: "POST listClusterUserCredential without body and type; with JSON type and no body",
    expected: "200",
    cluster: "made",
    steps: [
      ask({ method: "POST", url: "{C}/listClusterUserCredential?{V}" }, ok({ "kubeconfigs.0.value": present })),
      ask({ method: "POST", url: "{C}/listClusterUserCredential?{V}", text: "" }, ok({ "kubeconfigs.0.value": present })),
    ],
  },
  {
    id: "F1-58",
    what: "a list of 40 clusters of half a mebibyte each",
    expected: "no reply above 8 MiB, and none is missing",
    steps: [
      { step: "fill", group: "huge", clusters: 40, bytesEach: 512 * 1024 },
      { step: "walk", url: "{S}/resourceGroups/huge/{RP}/managedClusters?{V}", items: 40, token: "%24skipToken" },
    ],
  },
];
