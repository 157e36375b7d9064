import assert from "node:assert/strict";
import { test } from "node:test";
import { ArmError } from "./arm-error.ts";
import { parseAcknowledgement, parseAnswer, parseNodeRequest } from "./verb-body.ts";

const good: readonly (readonly ["retry" | "skip", unknown, object])[] = [
  ["retry", undefined, { kind: "Retry", node: undefined }],
  ["retry", null, { kind: "Retry", node: undefined }],
  ["retry", {}, { kind: "Retry", node: undefined }],
  ["retry", { node: null }, { kind: "Retry", node: undefined }],
  ["retry", { node: "n1" }, { kind: "Retry", node: "n1" }],
  ["skip", { node: "n1", reason: "broken disk" }, { kind: "Skip", node: "n1", reason: "broken disk", by: "o" }],
];
for (const [verb, body, expected] of good)
  test(`${verb} ${JSON.stringify(body)} is understood`, () => assert.deepEqual(parseNodeRequest(verb, body, "o"), expected));

const bad: readonly (readonly ["retry" | "skip", unknown, string])[] = [
  ["retry", [], "InvalidRequestContent"],
  ["retry", "n1", "InvalidRequestContent"],
  ["retry", { node: 1 }, "node"],
  ["retry", { node: " " }, "node"],
  ["skip", undefined, "node, reason"],
  ["skip", { node: null, reason: "r" }, "node"],
  ["skip", { node: "n1", reason: "" }, "reason"],
  ["skip", { node: "n".repeat(254), reason: "r".repeat(513) }, "node, reason"],
];
for (const [verb, body, expected] of bad)
  test(`${verb} ${(JSON.stringify(body) ?? "without a body").slice(0, 40)} is refused for ${expected}`, () => {
    assert.throws(
      () => parseNodeRequest(verb, body, "o"),
      (error) => {
        assert.ok(error instanceof ArmError);
        const { fault } = error;
        assert.equal(error.status, 400);
        assert.equal((fault.details ?? [fault]).map(({ target, code }) => target ?? code).join(", "), expected);
        return true;
      },
    );
  });

test("an answer names its gate and says why", () => {
  const given = { gate: "board/batch-2", comment: "seen" };
  assert.deepEqual(parseAnswer("approve", given), { verb: "approve", ...given });
  for (const [body, expected] of [
    [undefined, "InvalidRequestContent"],
    [{}, "gate, comment"],
    [{ gate: "board", comment: " " }, "comment"],
    [{ gate: "g".repeat(81), comment: "c" }, "gate"],
  ] as const)
    assert.throws(
      () => parseAnswer("reject", body),
      (error) =>
        error instanceof ArmError &&
        (error.fault.details ?? [error.fault]).map(({ target, code }) => target ?? code).join(", ") === expected,
    );
});

test("an acknowledgement is a whole number that somebody saw", () => {
  assert.deepEqual(parseAcknowledgement({ connections: 0 }), { verb: "acknowledge", connections: 0 });
  for (const body of [undefined, [], {}, { connections: -1 }, { connections: 1.5 }, { connections: "12" }, { connections: 2 ** 53 }])
    assert.throws(() => parseAcknowledgement(body), ArmError, JSON.stringify(body));
});
