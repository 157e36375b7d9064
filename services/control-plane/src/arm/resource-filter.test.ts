import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterCondition } from "@hostrouting/store";
import { ArmError } from "./arm-error.ts";
import { readResourceFilter } from "./resource-filter.ts";

const name = (value: string): ClusterCondition => ({ kind: "Is", member: "name", value });
const all = (...of: readonly ClusterCondition[]): ClusterCondition => ({ kind: "All", of });
const any = (...of: readonly ClusterCondition[]): ClusterCondition => ({ kind: "Any", of });
const type = "Microsoft.ContainerService/managedClusters";

const read: readonly (readonly [filter: unknown, condition: ClusterCondition | undefined])[] = [
  [undefined, undefined],
  ["", undefined],
  ["name eq 'one'", all(name("one"))],
  [" NAME  EQ  'o''clock' ", all(name("o'clock"))],
  ["name ne 'one'", all({ kind: "Not", of: name("one") })],
  ["resourceGroup eq 'Lab'", all({ kind: "Is", member: "resourceGroup", value: "Lab" })],
  ["location eq 'West Europe'", all({ kind: "Is", member: "location", value: "West Europe" })],
  [`resourceType eq '${type.toUpperCase()}'`, all(all())],
  ["resourceType eq 'Microsoft.Compute/disks'", all(any())],
  ["resourceType ne 'Microsoft.Compute/disks'", all({ kind: "Not", of: any() })],
  ["tagname eq 'team'", all({ kind: "Tagged", name: "team" })],
  ["tagName eq 'team' and tagValue eq 'net'", all({ kind: "Tagged", name: "team", value: "net" })],
  ["tagvalue eq '' and tagname eq 'team'", all({ kind: "Tagged", name: "team", value: "" })],
  ["startswith(tagname, 'te')", all({ kind: "Tagged", name: "te", isPrefix: true })],
  ["substringof('lab', resourceGroup)", all({ kind: "Contains", member: "resourceGroup", text: "lab" })],
  ["name eq 'a' or name eq 'b' and name eq 'c'", any(all(name("a")), all(name("b"), name("c")))],
  ["(name eq 'a' or name eq 'b') and name eq 'c'", all(any(all(name("a")), all(name("b"))), name("c"))],
  ["name eq ' and '", all(name(" and "))],
];
for (const [filter, condition] of read)
  test(`filter ${JSON.stringify(filter)}`, () => assert.deepEqual(readResourceFilter(filter), condition));

const refused: readonly unknown[] = [
  "kind eq 'x'",
  "name",
  "name eq",
  "name eq one",
  "name eq 'one",
  "name gt 'one'",
  "name eq 'one' and",
  "name eq 'one' name eq 'two'",
  "and name eq 'one'",
  "tagname ne 'team'",
  "tagvalue eq 'net'",
  "tagname eq 'a' or tagvalue eq 'b'",
  "tagname eq 'a' and tagname eq 'b' and tagvalue eq 'c'",
  "startswith(tagname, 'a') and tagvalue eq 'b'",
  "startswith(name, 'a')",
  "substringof('a', tagname)",
  "substringof(name, 'a')",
  "(name eq 'one'",
  "name eq 'one')",
  "()",
  "name eq 'one' -- x",
  "name eq '\u0000'",
  `${"(".repeat(9)}name eq 'a'${")".repeat(9)}`,
  `name eq '${"x".repeat(2_048)}'`,
  ["name eq 'one'", "name eq 'two'"],
  { a: "b" },
];
for (const filter of refused)
  test(`refused: ${JSON.stringify(filter).slice(0, 60)}`, () =>
    assert.throws(
      () => readResourceFilter(filter),
      (error) => error instanceof ArmError && error.status === 400 && error.fault.code === "InvalidFilterInQueryString",
    ));
