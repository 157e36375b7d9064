import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const MODULE = new URL("logger.ts", import.meta.url).href;

/** What a process writes that logs so. */
function logged(statements: string): unknown[] {
  const script = `const { createLogger, flatLogger } = await import("${MODULE}"); const logger = createLogger("s"); ${statements}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const { time, pid, ...rest } = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual([typeof pid, /^\d{4}-\d\d-\d\dT.*Z$/.test(String(time))], ["number", true]);
      return rest;
    });
}

test("secrets are kept out of a line, three levels deep and in an error", () => {
  assert.deepEqual(
    logged(`
      logger.info({ token: "t", a: { secret: "s", b: { password: "p" } }, list: [{ kubeconfig: "k" }] }, "deep");
      logger.child({ clusterId: "c", x: { clientSecret: "s" } }).warn({ n: 1 }, "child");
      logger.error({ err: Object.assign(new Error("failed"), { stack: "at", authorization: "Bearer x" }) }, "error");`),
    [
      {
        ...{ level: "info", service: "s", token: "[redacted]", msg: "deep" },
        ...{ a: { secret: "[redacted]", b: { password: "[redacted]" } }, list: [{ kubeconfig: "[redacted]" }] },
      },
      { level: "warn", service: "s", clusterId: "c", x: { clientSecret: "[redacted]" }, n: 1, msg: "child" },
      { level: "error", service: "s", err: { type: "Error", message: "failed", stack: "at", authorization: "[redacted]" }, msg: "error" },
    ],
  );
});

test("a flat line looks like any other, and its members are kept as secret", () => {
  assert.deepEqual(logged(`flatLogger(logger).info({ token: "t", path: "/x", status: 200, gone: undefined }, "request");`), [
    { level: "info", service: "s", token: "[redacted]", path: "/x", status: 200, msg: "request" },
  ]);
  assert.deepEqual(logged(`flatLogger(logger).debug({ path: "/healthz" }, "request"); logger.info("last");`), [
    { level: "info", service: "s", msg: "last" },
  ]);
});
