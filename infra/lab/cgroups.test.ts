import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHierarchies } from "./cgroups.ts";

const HYBRID = `25 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 30 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:27 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
33 31 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
34 31 0:29 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw`;

test("a hybrid machine has v1 hierarchies and v2", () => {
  assert.deepEqual(parseHierarchies(HYBRID), [
    { mount: "/sys/fs/cgroup/cpuset", version: 1, cpuset: true },
    { mount: "/sys/fs/cgroup/systemd", version: 1, cpuset: false },
    { mount: "/sys/fs/cgroup/unified", version: 2, cpuset: false },
  ]);
});

test("a machine with v2 only has one hierarchy", () => {
  const line = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
  assert.deepEqual(parseHierarchies(line), [{ mount: "/sys/fs/cgroup", version: 2, cpuset: false }]);
});

test("a machine without cgroups has none", () => {
  assert.deepEqual(parseHierarchies("25 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"), []);
});
