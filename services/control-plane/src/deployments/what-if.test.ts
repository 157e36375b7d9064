import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, PlannedResource } from "@hostrouting/template";
import { payloadDelta } from "./payload-delta.ts";
import type { Leftover } from "./try-removals.ts";
import type { Tried } from "./try-template.ts";
import { whatIfChanges } from "./what-if.ts";

type Paths = readonly (readonly [path: string, type: string])[];
const mode = (accelerationMode: string): JsonObject => ({
  properties: { networkProfile: { advancedNetworking: { performance: { accelerationMode } } } },
});
const pools = (...all: readonly JsonObject[]): JsonObject => ({ agentPoolProfiles: all });

const deltas: readonly (readonly [says: string, before: JsonObject, after: JsonObject, expected: Paths])[] = [
  ["equal", { a: { b: [1] } }, { a: { b: [1] } }, []],
  [
    "one leaf, by its whole path",
    mode("None"),
    mode("BpfVeth"),
    [["properties.networkProfile.advancedNetworking.performance.accelerationMode", "Modify"]],
  ],
  ["a member that comes, whole", { a: {} }, { a: { b: { c: 1 } } }, [["a.b", "Create"]]],
  ["a member that goes", { a: { b: 1 } }, { a: {} }, [["a.b", "Delete"]]],
  ["null and absent differ", { a: null }, {}, [["a", "Delete"]]],
  ["an object in place of a value", { a: 1 }, { a: { b: 1 } }, [["a", "Modify"]]],
  [
    "elements by their names, in any order",
    pools({ name: "x", n: 1 }, { name: "y", n: 1 }),
    pools({ name: "Y", n: 1 }, { name: "x", n: 1 }),
    [
      ["agentPoolProfiles", "Array"],
      ["agentPoolProfiles[1]", "Modify"],
      ["agentPoolProfiles[1].name", "Modify"],
    ],
  ],
  [
    "an element that comes and one that goes",
    pools({ name: "x" }),
    pools({ name: "z" }),
    [
      ["agentPoolProfiles", "Array"],
      ["agentPoolProfiles[0]", "Delete"],
      ["agentPoolProfiles[1]", "Create"],
    ],
  ],
  [
    "elements without names by their places",
    { a: [1, 2] },
    { a: [1, 3, 4] },
    [
      ["a", "Array"],
      ["a[1]", "Modify"],
      ["a[2]", "Create"],
    ],
  ],
];

type Change = ReturnType<typeof payloadDelta>[number];
const paths = (changes: readonly Change[], prefix = ""): Paths =>
  changes.flatMap(({ path, propertyChangeType, children }) => {
    const here = `${prefix}${path}`;
    const isElement = prefix.endsWith("[");
    const shown = isElement ? `${here}]` : here;
    return [[shown, propertyChangeType] as const, ...paths(children ?? [], propertyChangeType === "Array" ? `${shown}[` : `${shown}.`)];
  });
for (const [says, before, after, expected] of deltas)
  test(`a delta: ${says}`, () => assert.deepEqual(paths(payloadDelta(before, after)), expected));

const resource = { id: "/r/a" } as PlannedResource;
const volatile = (n: number): JsonObject => ({
  eTag: `e${n}`,
  systemData: { n },
  properties: { provisioningState: `s${n}`, pools: [{ eTag: `${n}` }], x: 1 },
});
const written = (before: JsonObject | undefined, after: JsonObject): Tried => ({ resource, before, kind: "Written", after });
const changes: readonly (readonly [says: string, tried: Tried, full: string, idOnly: string])[] = [
  ["what every write changes is no change", written(volatile(1), volatile(2)), "NoChange", "Deploy"],
  ["a new resource", written(undefined, volatile(1)), "Create", "Create"],
  ["a changed one", written({ a: 1 }, { a: 2 }), "Modify", "Deploy"],
  ["one that cannot be tried now", { resource, before: {}, kind: "Unknown", why: "busy" }, "Unsupported", "Unsupported"],
];
for (const [says, tried, full, idOnly] of changes)
  test(`a change: ${says}`, () => {
    const of = (format: "FullResourcePayloads" | "ResourceIdOnly") => whatIfChanges({ tried: [tried], leftovers: [] }, format)[0];
    assert.deepEqual([of("FullResourcePayloads")?.changeType, of("ResourceIdOnly")?.changeType], [full, idOnly]);
    assert.deepEqual(
      Object.keys(of("ResourceIdOnly") ?? {}).filter((name) => ["before", "after", "delta"].includes(name)),
      [],
    );
  });

const cluster = { id: "/r/b", name: "b", body: { eTag: "e", a: 1 } };
const leftovers: readonly (readonly [says: string, leftover: Leftover, expected: readonly unknown[]])[] = [
  ["left alone", { cluster, kind: "Kept" }, [{ resourceId: "/r/b", changeType: "Ignore", before: { a: 1 } }]],
  ["deleted", { cluster, kind: "Deleted" }, [{ resourceId: "/r/b", changeType: "Delete", before: { a: 1 } }]],
  ["unknown", { cluster, kind: "Unknown", why: "late" }, [{ resourceId: "/r/b", changeType: "Unsupported", unsupportedReason: "late" }]],
  ["refused, of which the error tells", { cluster, kind: "Refused", error: { code: "C", message: "m" } }, []],
];
for (const [says, leftover, expected] of leftovers)
  test(`what the template does not name is ${says}`, () => {
    assert.deepEqual(whatIfChanges({ tried: [], leftovers: [leftover] }, "FullResourcePayloads"), expected);
  });
