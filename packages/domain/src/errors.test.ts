import assert from "node:assert/strict";
import { test } from "node:test";
import { advise, AppError } from "./errors.ts";

const rows: readonly (readonly [name: string, error: unknown, said: string])[] = [
  ["an error of ours", new AppError("a.b", { say: "It is away", do: "Start it." }), "It is away. Start it."],
  [
    ...(["one with causes", new AppError("a.b", { say: "It is away", do: "Start it.", cause: new Error("refused") })] as const),
    "It is away: refused. Start it.",
  ],
  ["one that is a sentence already", new AppError("a.b", { say: "Is it away?", do: "Start it." }), "Is it away? Start it."],
  ["one that nobody can do anything about", new AppError("a.b", { say: "It is away" }), "It is away"],
  ["an error of somebody else's", new Error("boom"), "boom"],
  ["something that is no error", "text", "text"],
];
for (const [name, error, said] of rows) test(`advice on ${name}`, () => assert.equal(advise(error), said));
