import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "@hostrouting/runtime";
import { watchPreconditions, type NodeLook } from "./precondition-watch.ts";

const logger = createLogger("test", "silent");

test("tells of the first look, and knows nothing before it", async () => {
  const looked = Promise.withResolvers<NodeLook>();
  const changed = Promise.withResolvers<void>();
  const watch = watchPreconditions({ logger, onChange: changed.resolve, read: () => looked.promise });
  assert.equal(watch.current(), undefined);
  looked.resolve({
    state: {
      looseTcp: { kind: "read", text: "0\n" },
      ipvsConntrack: { kind: "absent" },
      ipvsTable: { kind: "absent" },
      zones: { kind: "read", inUse: [] },
      filters: [],
      mounts: { kind: "read", text: "35 24 0:30 / /sys/fs/bpf rw - bpf bpf rw\n36 24 0:31 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n" },
      btf: { kind: "read", text: "" },
    },
    around: {
      lockdown: { kind: "read", text: "none integrity [confidentiality]\n" },
      network: { kind: "absent" },
      arpTables: { kind: "absent" },
      modules: { kind: "absent" },
      flows: { kind: "read", flows: 9, busiest: undefined },
      flowsMax: 100,
    },
  });
  await changed.promise;
  assert.deepEqual(
    watch
      .current()
      ?.filter(({ outcome }) => outcome !== "Passed")
      .map(({ name, outcome }) => `${name} ${outcome}`),
    ["LoosePickup Failed", "Lockdown Failed"],
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
