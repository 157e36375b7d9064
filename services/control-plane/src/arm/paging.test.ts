import assert from "node:assert/strict";
import { test } from "node:test";
import { ArmError } from "./arm-error.ts";
import { readPage, skipTokenAfter } from "./paging.ts";

const SCOPE = "/subscriptions/s";
const last = "/subscriptions/s/resourcegroups/g/x";

test("a token leads back to where the page ended, under any spelling of its key", () => {
  for (const key of ["$skipToken", "$skiptoken", "$SkipToken"])
    assert.deepEqual(readPage({ [key]: skipTokenAfter(last) }, SCOPE), { limit: 100, after: last });
});

test("page sizes are cut to the limit", () => {
  assert.deepEqual(readPage({ $top: "2" }, SCOPE), { limit: 2, after: undefined });
  assert.equal(readPage({ $top: "5000" }, SCOPE).limit, 100);
  assert.equal(readPage({}, SCOPE).limit, 100);
});

const forged = (text: string): string => Buffer.from(text).toString("base64url");
for (const [name, query] of [
  ["$top 0", { $top: "0" }],
  ["$top -1", { $top: "-1" }],
  ["$top text", { $top: "many" }],
  ["$top a fraction", { $top: "1.5" }],
  ["a token of another subscription", { $skipToken: skipTokenAfter("/subscriptions/t/x") }],
  ["a token that is noise", { $skipToken: "!!" }],
  ["a token with U+0000, which Postgres refuses", { $skipToken: forged("/subscriptions/s/\u0000") }],
] as const)
  test(`${name} is refused`, () =>
    assert.throws(
      () => readPage(query, SCOPE),
      (error) => error instanceof ArmError && error.fault.code === "InvalidParameter",
    ));
