import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "@hostrouting/runtime";
import type { NodeReadings } from "./judge-preconditions.ts";
import { watchPreconditions } from "./precondition-watch.ts";

const logger = createLogger("test", "silent");

test("tells of the first look, and knows nothing before it", async () => {
  const looked = Promise.withResolvers<NodeReadings>();
  const changed = Promise.withResolvers<void>();
  const watch = watchPreconditions({ logger, onChange: changed.resolve, read: () => looked.promise });
  assert.equal(watch.current(), undefined);
  looked.resolve({
    looseTcp: { kind: "read", text: "0\n" },
    ipvsConntrack: { kind: "absent" },
    ipvsTable: { kind: "absent" },
    zones: { kind: "read", inUse: [] },
    filters: [],
  });
  await changed.promise;
  assert.deepEqual(
    watch
      .current()
      ?.filter(({ outcome }) => outcome !== "Passed")
      .map(({ name, outcome }) => `${name} ${outcome}`),
    ["LoosePickup Failed"],
  );
  await watch.stop();
});

test("a look that fails leaves everything unknown", async () => {
  const watch = watchPreconditions({
    logger,
    onChange: () => assert.fail("nothing was found"),
    read: () => Promise.reject(new Error("no")),
  });
  await watch.stop();
  assert.equal(watch.current(), undefined);
});
