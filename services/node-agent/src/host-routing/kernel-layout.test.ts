import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { HeaderTypes } from "../../../../infra/dev/header-types.ts";
import {
  ADDRESS_CLASS,
  CONNTRACK,
  DENIED,
  DIRECTIONS,
  ENDPOINT_FLAG,
  KERNEL_LAYOUTS,
  MODE,
  NAT_FLAG,
  OPERATION,
  REASONS,
  RESULT,
  ROLE,
  Struct,
  type Layout,
} from "./kernel-layout.ts";

const NAMES = {
  header: path.join(import.meta.dirname, "../../../../bpf/shared/host_routing.h"),
  structs: Object.keys(KERNEL_LAYOUTS),
  enums: [
    "hr_mode",
    "hr_role",
    "hr_class",
    "hr_direction",
    "hr_reason",
    "hr_operation",
    "hr_result",
    "hr_endpoint_flag",
    "hr_nat_flag",
    "hr_conntrack",
    "hr_denied",
  ],
};

const prefixed = (prefix: string, values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));

describe("layouts shared with the kernel", () => {
  const types = HeaderTypes.read(NAMES);

  for (const [name, layout] of Object.entries(KERNEL_LAYOUTS))
    it(`${name} is where the compiler puts it`, () => assert.deepEqual(types.differences(name, layout), []));

  it("would notice a moved, a resized, a forgotten and an invented member", () => {
    const { size, members } = KERNEL_LAYOUTS.hr_endpoint;
    const { mtu, ...rest } = members;
    const wrong: Layout[] = [
      { size, members: { ...members, mtu: { offset: 8, size: 4 } } },
      { size, members: { ...members, mtu: { ...mtu, size: 2 } } },
      { size, members: rest },
      { size, members: { ...members, invented: { offset: 20, size: 4 } } },
      { size: size + 8, members },
    ];
    for (const layout of wrong) assert.notDeepEqual(types.differences("hr_endpoint", layout), []);
  });

  it("enums have the header's values", () => {
    assert.deepEqual(prefixed("HR_MODE_", MODE), types.enumValues("hr_mode"));
    assert.deepEqual(prefixed("HR_ROLE_", ROLE), types.enumValues("hr_role"));
    assert.deepEqual(prefixed("HR_CLASS_", ADDRESS_CLASS), types.enumValues("hr_class"));
    assert.deepEqual(prefixed("HR_OP_", OPERATION), types.enumValues("hr_operation"));
    assert.deepEqual(prefixed("HR_", RESULT), types.enumValues("hr_result"));
    assert.deepEqual(prefixed("HR_ENDPOINT_", ENDPOINT_FLAG), types.enumValues("hr_endpoint_flag"));
    assert.deepEqual(prefixed("HR_NAT_", NAT_FLAG), types.enumValues("hr_nat_flag"));
    assert.deepEqual(prefixed("HR_CONNTRACK_", CONNTRACK), types.enumValues("hr_conntrack"));
    assert.deepEqual(prefixed("HR_DENIED_", DENIED), types.enumValues("hr_denied"));
    assert.equal(types.enumValues("hr_direction").HR_DIRECTION_MAX, DIRECTIONS.length);
  });

  it("reasons stand in the header's order", () => {
    const header = Object.entries(types.enumValues("hr_reason")).filter(([name]) => name !== "HR_REASON_MAX");
    const camel = (name: string): string =>
      name.slice(2).replace(/_(.)([A-Z0-9]*)/g, (_, first: string, rest: string) => first + rest.toLowerCase());
    assert.deepEqual(
      header.sort((a, b) => a[1] - b[1]).map(([name]) => camel(name)),
      [...REASONS],
    );
  });
});

describe("Struct", () => {
  it("gives back what was set, and refuses bytes of the wrong length", () => {
    const endpoint = new Struct("hr_endpoint")
      .set("ifindex", 7)
      .set("pod_mac", Buffer.from("020000000001", "hex"))
      .set("last_stack_udp_ns", 9n);
    assert.equal(endpoint.number("ifindex"), 7);
    assert.equal(endpoint.bigint("last_stack_udp_ns"), 9n);
    assert.equal(endpoint.bytes.toString("hex", 8, 14), "020000000001");
    assert.throws(() => endpoint.set("pod_mac", Buffer.alloc(5)), /6 bytes/);
  });
});
