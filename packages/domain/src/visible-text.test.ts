import assert from "node:assert/strict";
import { test } from "node:test";
import { visibleText } from "./visible-text.ts";

const CASES: readonly (readonly [what: string, text: string, seen: string])[] = [
  ["plain text", 'Grüße, "日本" 🙂', 'Grüße, "日本" 🙂'],
  ["a terminal's escape", "\u001b[2Jgone", String.raw`\u{1b}[2Jgone`],
  ["a new line that would begin another message", "a\nb\r", String.raw`a\u{a}b\u{d}`],
  ["the eight-bit escape", "\u009b31m", String.raw`\u{9b}31m`],
  ["a turn of direction", "abc\u202etxt.exe", String.raw`abc\u{202e}txt.exe`],
  ["no width at all", "a\u200bb\ufeff", String.raw`a\u{200b}b\u{feff}`],
];

for (const [what, text, seen] of CASES) test(`${what} is seen`, () => assert.equal(visibleText(text), seen));
