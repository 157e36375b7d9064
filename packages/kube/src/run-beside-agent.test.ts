import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { exitCodeOf, runBesideAgent } from "./run-beside-agent.ts";

test("a program's exit code is read from the status that ends its connection", () => {
  assert.equal(exitCodeOf({ status: "Success" }), 0);
  const causes = [{ reason: "ExitCode", message: "3" }];
  assert.equal(exitCodeOf({ status: "Failure", details: { causes } }), 3);
  assert.throws(() => exitCodeOf({ status: "Failure", message: "no such file" }), /no such file/);
});

test("a kubeconfig that is not there is named", async () => {
  await assert.rejects(
    runBesideAgent("/nowhere/kubeconfig", "n1", ["true"]),
    (error) => error instanceof AppError && error.code === "kube.credential-refused" && error.message.includes("/nowhere/kubeconfig"),
  );
});
