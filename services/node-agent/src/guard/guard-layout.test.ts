import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { HeaderTypes } from "../../../../infra/dev/header-types.ts";
import {
  ATTEMPT_KINDS,
  decodeAttempt,
  decodeCounters,
  decodeSettings,
  encodeScope,
  encodeSettings,
  GUARD_LAYOUTS,
  GUARD_MODES,
  NAMESPACE_ROLES,
  REASONS,
  totalOf,
  VERDICTS,
  type GuardSettings,
} from "./guard-layout.ts";

const HEADER = path.join(import.meta.dirname, "../../../../bpf/shared/guard.h");
const ENUMS = { gd_mode: GUARD_MODES, gd_netns: NAMESPACE_ROLES, gd_kind: ATTEMPT_KINDS, gd_verdict: VERDICTS, gd_why: REASONS } as const;

/** `NetfilterLink` → `NETFILTER_LINK` */
const constant = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();

describe("layouts of the guard", () => {
  const types = HeaderTypes.read({ header: HEADER, structs: Object.keys(GUARD_LAYOUTS), enums: Object.keys(ENUMS) });

  for (const [name, layout] of Object.entries(GUARD_LAYOUTS))
    it(`${name} is where the compiler puts it`, () => assert.deepEqual(types.differences(name, layout), []));

  for (const [name, values] of Object.entries(ENUMS))
    it(`${name} has the header's numbers`, () => {
      const prefix = name.toUpperCase();
      const ours = Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}_${constant(key)}`, value]));
      const { [`${prefix}_MAX`]: _max, ...theirs } = types.enumValues(name);
      assert.deepEqual(ours, theirs);
    });
});

describe("what crosses to the guard", () => {
  it("settings come back as they went", () => {
    const settings: GuardSettings = { mode: "Enforce", strict: true, auditUntilNs: 2n ** 60n, heartbeatNs: 7n };
    assert.deepEqual(decodeSettings(encodeSettings(settings)), settings);
  });

  it("a name that no scope can hold is refused, since it would never match", () => {
    const key = { scope: 1, family: 2, table: "nat", chain: "x".repeat(32) };
    assert.throws(() => encodeScope(key), /too long/);
    assert.equal(encodeScope({ ...key, chain: "x".repeat(31) }).length, 72);
  });

  it("counters of two processors are added", () => {
    const bytes = Buffer.alloc(2 * 168);
    bytes.writeBigUInt64LE(3n, 0); // nftables, denied
    bytes.writeBigUInt64LE(4n, 168); // the same, second processor
    bytes.writeBigUInt64LE(5n, 168 + 8 * 5); // iptables, permitted
    bytes.writeBigUInt64LE(6n, 144);
    bytes.writeBigUInt64LE(9n, 168 + 160); // sets
    const counters = decodeCounters(bytes);
    assert.deepEqual(counters.attempts.Nftables, { Denied: 7, Audited: 0, Permitted: 0 });
    assert.deepEqual(counters.attempts.Iptables, { Denied: 0, Audited: 0, Permitted: 5 });
    assert.deepEqual([counters.lost, counters.sets, totalOf(counters, "Denied")], [6, 9, 7]);
  });

  it("an attempt of a kind that is not known, or cut short, is none", () => {
    const bytes = Buffer.alloc(1336);
    assert.partialDeepStrictEqual(decodeAttempt(bytes), { kind: "Nftables", verdict: "Denied", why: "Permitted" });
    bytes.writeUInt32LE(99, 56);
    assert.equal(decodeAttempt(bytes), undefined);
    assert.equal(decodeAttempt(Buffer.alloc(1335)), undefined);
  });

  it("no length that the kernel tells reads past an attempt's end", () => {
    const bytes = Buffer.alloc(1336);
    bytes.writeUInt32LE(0xffffffff, 80);
    assert.equal(decodeAttempt(bytes)?.message.length, 1024);
  });
});
