import assert from "node:assert/strict";
import { test } from "node:test";
import { readQuantity } from "./quantity.ts";

const rows: readonly (readonly [text: string, value: number | undefined])[] = [
  ["2", 2],
  ["0.5", 0.5],
  [".5", 0.5],
  ["100m", 0.1],
  ["128Mi", 134_217_728],
  ["1k", 1_000],
  ["1e3", 1_000],
  ["12E", 12e18],
  ["", undefined],
  ["m", undefined],
  ["1 Mi", undefined],
  ["1Zi", undefined],
  ["1toString", undefined],
];
for (const [text, value] of rows) test(`quantity ${JSON.stringify(text)} is ${value}`, () => assert.equal(readQuantity(text), value));
