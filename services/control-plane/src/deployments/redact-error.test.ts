import assert from "node:assert/strict";
import { test } from "node:test";
import { redactError } from "./redact-error.ts";

const body = { tags: { a: "hunter2", b: "hunter22", c: "plain" }, properties: { list: [{ pw: "x9" }, 7] } };

test("secrets of the body do not stand in the error, at any depth; everything else does", () => {
  const error = { code: "C", message: "'hunter22' and hunter2 are not plain", details: [{ code: "D", message: "x9 at 7", target: "t" }] };
  assert.deepEqual(
    redactError(error, {
      body,
      securePaths: [
        ["tags", "a"],
        ["tags", "b"],
        ["properties", "list"],
        ["no", "such"],
      ],
    }),
    {
      code: "C",
      message: "'*******' and ******* are not plain",
      details: [{ code: "D", message: "******* at 7", target: "t" }],
    },
  );
});

test("without secrets an error stays as it is", () => {
  const error = { code: "C", message: "hunter2" };
  assert.equal(redactError(error, { body, securePaths: [] }), error);
});
