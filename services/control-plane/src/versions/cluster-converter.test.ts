/** Both families over one stored cluster, as data: what a request of a version is in the internal model, and what it shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLUSTER_API_VERSIONS } from "../arm/resource-types.ts";
import { converterOf } from "./cluster-converter.ts";

type Networking = Readonly<Record<string, unknown>> | null | undefined;

const NEW = "2026-04-01";
const OLD = "2025-10-01";
const BPF = { accelerationMode: "BpfVeth" };
const whole = (advancedNetworking: Networking) => ({ properties: { networkProfile: { podCidr: "10.0.0.0/16", advancedNetworking } } });
const fast = whole({ enabled: true, performance: BPF }).properties;

const puts: readonly (readonly [name: string, version: string, given: Networking, read: Networking])[] = [
  ["newer: as it is", NEW, { enabled: true }, { enabled: true }],
  [
    "older: the stored mode",
    OLD,
    { enabled: true, observability: { enabled: false } },
    { enabled: true, observability: { enabled: false }, performance: BPF },
  ],
  ["older: nothing said", OLD, undefined, undefined],
  ["older: all off", OLD, null, null],
  ["older: off takes acceleration along", OLD, { enabled: false }, { enabled: false, performance: null }],
  ["older: enabled left out is off", OLD, {}, { performance: null }],
];
for (const [name, version, given, read] of puts)
  test(`PUT, ${name}`, () => assert.deepEqual(converterOf(version).readPut(whole(given), fast), whole(read)));

const patches: readonly (readonly [name: string, version: string, given: Networking, read: Networking])[] = [
  ["newer: as it is", NEW, { performance: null }, { performance: null }],
  ["older: enabled left out is kept", OLD, { observability: null }, { observability: null, performance: BPF }],
  ["older: off takes acceleration along", OLD, { enabled: false }, { enabled: false, performance: null }],
  ["older: all off", OLD, null, null],
];
for (const [name, version, given, read] of patches)
  test(`PATCH, ${name}`, () => assert.deepEqual(converterOf(version).readPatch(whole(given), fast), whole(read)));

test("older: what it does not know is dropped before it is judged, and not shown; nothing else is touched", () => {
  const body = { ...whole({ enabled: true, performance: "nonsense" }), tags: { a: "b" } };
  const without = { ...whole({ enabled: true }), tags: { a: "b" } };
  assert.deepEqual(converterOf(OLD).withoutUnknown(body), without);
  assert.deepEqual(converterOf(OLD).show(body), without);
  assert.deepEqual(converterOf(NEW).show(body), body);
  for (const odd of [{}, { properties: null }, { properties: { networkProfile: [] } }]) assert.deepEqual(converterOf(OLD).show(odd), odd);
});

test("every version has a converter, and all but one show acceleration", () => {
  const body = whole({ performance: BPF });
  const hiding = CLUSTER_API_VERSIONS.filter((version) => converterOf(version).show(body) !== body);
  assert.deepEqual(hiding, [OLD]);
});
