import assert from "node:assert/strict";
import { test } from "node:test";
import { readWorkerConfig } from "./config.ts";

const NEEDED = {
  HOSTROUTING_DATABASE_URL: "postgresql:///hostrouting",
  HOSTROUTING_BUNDLE_IMAGE: "bundle",
  HOSTROUTING_BUNDLE_DIGEST: `sha256:${"0".repeat(64)}`,
};

test("as many operations go on at once as the documentation says, unless it is said", () => {
  assert.deepEqual(readWorkerConfig(NEEDED).admission, { global: 50, subscription: 10, region: 20 });
  assert.deepEqual(readWorkerConfig({ ...NEEDED, HOSTROUTING_ADMISSION_REGION: "1" }).admission, {
    global: 50,
    subscription: 10,
    region: 1,
  });
});

test("a limit out of bounds is refused by its name", () => {
  for (const name of ["HOSTROUTING_ADMISSION_GLOBAL", "HOSTROUTING_ADMISSION_SUBSCRIPTION", "HOSTROUTING_ADMISSION_REGION"])
    for (const value of ["0", "10001", "1.5", "many"])
      assert.throws(() => readWorkerConfig({ ...NEEDED, [name]: value }), new RegExp(`${name} must be a whole number from 1 to 10000`));
});

test("where rings are queued is said by an address, and never repeated", () => {
  assert.equal(readWorkerConfig(NEEDED).redisUrl, undefined);
  assert.equal(readWorkerConfig({ ...NEEDED, HOSTROUTING_REDIS_URL: "redis://host" }).redisUrl, "redis://host");
  assert.throws(
    () => readWorkerConfig({ ...NEEDED, HOSTROUTING_REDIS_URL: "http://:hunter2@host" }),
    (error: Error) => /HOSTROUTING_REDIS_URL must be like/.test(error.message) && !error.message.includes("hunter2"),
  );
});
