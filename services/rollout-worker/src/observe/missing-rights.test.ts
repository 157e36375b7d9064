import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import type { Fence } from "../cluster-fence.ts";
import { missingRights } from "./missing-rights.ts";

const fence = (isForbidden: boolean): Fence => ({ kind: "Unavailable", because: "no", isForbidden });
const sandboxes = (isForbidden: boolean) => ({ at: as<Instant>(1), troubles: new Map(), isForbidden });

const rows = [
  ["a Lease that may not be read", fence(true), undefined, [/^reading Lease/]],
  ["a Lease that has no place yet", fence(false), undefined, []],
  ["a Lease that is absent", { kind: "Absent" }, sandboxes(false), []],
  ["Events that may not be listed", { kind: "Absent" }, sandboxes(true), [/^listing Events/]],
  ["neither", fence(true), sandboxes(true), [/^reading Lease/, /^listing Events/]],
] as const;

for (const [name, lease, memory, expected] of rows)
  test(`rights that are missing: ${name}`, () => {
    const missing = missingRights(lease, memory);
    assert.equal(missing.length, expected.length);
    for (const [index, pattern] of expected.entries()) assert.match(missing[index] ?? "", pattern);
  });
