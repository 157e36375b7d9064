import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNotTarget, withoutOrigin } from "./request-target.ts";

const targets: readonly (readonly [target: string, path: string])[] = [
  ["/subscriptions?x=1", "/subscriptions?x=1"],
  ["https://arm.test/subscriptions?x=1", "/subscriptions?x=1"],
  ["HTTP://arm.test:8443/a//b", "/a//b"],
  ["https://arm.test", "/"],
  ["https://arm.test?x=1", "/?x=1"],
  ["https:///subscriptions", "https:///subscriptions"],
  ["ftp://arm.test/subscriptions", "ftp://arm.test/subscriptions"],
  ["/x?y=https://arm.test/z", "/x?y=https://arm.test/z"],
  ["*", "*"],
];
for (const [target, path] of targets) test(`${target} speaks of ${path}`, () => assert.equal(withoutOrigin(target), path));

const rows: readonly (readonly [target: string, why: RegExp | undefined])[] = [
  ["/subscriptions?$skipToken=%00", undefined],
  ["/a%2500/%23?x=%C4%B0", undefined],
  ["*", /slash/],
  ["https:///subscriptions", /slash/],
  ["/tenants#/oauth2", /fragment/],
  ["/tenants?x#y", /fragment/],
  ["/a%00b", /U\+0000/],
  ["/%c4%B0", /U\+0130/],
];
for (const [target, why] of rows)
  test(`${target}: ${why ?? "good"}`, () =>
    why === undefined ? assert.equal(whyNotTarget(target), undefined) : assert.match(whyNotTarget(target)?.message ?? "", why));

test("no other letter changes its length in lower case", () => {
  const longer: number[] = [];
  for (let code = 0; code <= 0x10_ffff; code++) {
    const text = String.fromCodePoint(code);
    if (text.toLowerCase().length !== text.length) longer.push(code);
  }
  assert.deepEqual(longer, [0x130]);
});
