import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { datedConditions } from "./conditions.ts";

const valid = { type: "MasqueradeConfigInSync", status: "True", reason: "Read", message: "a" } as const;

describe("datedConditions", () => {
  it("dates a condition by the last change of its status", () => {
    const first = datedConditions([valid], [], "t1");
    assert.deepEqual(first, [{ ...valid, lastTransitionTime: "t1" }]);
    const second = datedConditions([{ ...valid, message: "b" }], first, "t2");
    assert.deepEqual(second, [{ ...valid, message: "b", lastTransitionTime: "t1" }]);
    assert.equal(datedConditions([{ ...valid, status: "False" }], second, "t3")[0]?.lastTransitionTime, "t3");
  });
});
