import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNotPreconditions } from "./etags.ts";

type Row = readonly [ifMatch: string | undefined, ifNoneMatch: string | undefined, etag: string | undefined, passes: boolean];
const rows: readonly Row[] = [
  [undefined, undefined, undefined, true],
  [undefined, undefined, "e", true],
  ["*", undefined, undefined, false],
  ["*", undefined, "e", true],
  ["e", undefined, undefined, false],
  ["e", undefined, "e", true],
  ['"e"', undefined, "e", true],
  ['W/"e"', undefined, "e", true],
  ['"a", "e"', undefined, "e", true],
  ["E", undefined, "e", false],
  ["", undefined, "e", true],
  [undefined, "*", undefined, true],
  [undefined, "*", "e", false],
  [undefined, '"e"', "e", false],
  [undefined, '"a"', "e", true],
  [undefined, "", "e", true],
];
for (const [ifMatch, ifNoneMatch, etag, passes] of rows)
  test(`If-Match ${ifMatch ?? "-"}, If-None-Match ${ifNoneMatch ?? "-"}, stored ${etag ?? "nothing"}: ${passes ? "passes" : "412"}`, () =>
    assert.equal(whyNotPreconditions({ ifMatch, ifNoneMatch }, etag)?.status, passes ? undefined : 412));
