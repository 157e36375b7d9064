import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAnswer, readUndisturbed, type NetlinkAnswer } from "./netlink-answer.ts";
import type { NetlinkMessage } from "./netlink-message.ts";

const SEQUENCE = 7;
const INTERRUPTED = 0x10;
const code = (errno: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(errno);
  return bytes;
};
const device = (name: string, changes: Partial<NetlinkMessage> = {}): NetlinkMessage => ({
  type: 16,
  flags: 2,
  sequence: SEQUENCE,
  payload: Buffer.from(name),
  ...changes,
});
const done = (errno = 0, flags = 2): NetlinkMessage => ({ type: 3, flags, sequence: SEQUENCE, payload: code(errno) });
const error = (errno: number): NetlinkMessage => ({ type: 2, flags: 0, sequence: SEQUENCE, payload: code(errno) });

/** What is read of parts that the kernel sends one after the other. */
function read(...parts: readonly (readonly NetlinkMessage[])[]): NetlinkAnswer {
  const left = [...parts];
  return readAnswer(() => left.shift() ?? [], SEQUENCE, "list of devices");
}
const names = ({ payloads }: NetlinkAnswer): string => payloads.map(String).join();

describe("an answer of netlink", () => {
  it("is all of its parts", () => assert.equal(names(read([device("a"), device("b")], [device("c")], [done()])), "a,b,c"));
  it("ends within a part", () => assert.equal(names(read([device("a"), done()], [device("of another answer")])), "a"));
  it("holds nothing of an earlier one", () => assert.equal(names(read([device("a", { sequence: 6 }), device("b"), done()])), "b"));
  it("may be an acknowledgement alone", () => assert.deepEqual(read([error(0)]), { payloads: [], interrupted: false }));
  it("has an end without a word on kernels that give it none", () =>
    assert.equal(names(read([device("a"), { ...done(), payload: Buffer.alloc(0) }])), "a"));
  it("is the kernel's errno", () => assert.throws(() => read([error(-17)]), { code: "bpf.eexist" }));
  it("is the kernel's errno where it broke off a list", () =>
    assert.throws(() => read([device("a")], [done(-90)]), { code: "bpf.emsgsize" }));
  it("comes to an end where the kernel names none", () =>
    assert.throws(() => read([device("a")]), { code: "bpf.emsgsize", message: /no end/ }));

  for (const [where, parts] of [
    ["a device", [[device("a")], [device("c", { flags: 2 | INTERRUPTED })], [done()]]],
    ["its end", [[device("a")], [done(0, 2 | INTERRUPTED)]]],
  ] as const)
    it(`is of more than one moment where ${where} says so`, () => assert.equal(read(...parts).interrupted, true));
});

describe("a list that changes while it is read", () => {
  const answers = (...disturbed: readonly boolean[]): { reads: () => number; read: () => NetlinkAnswer } => {
    let count = 0;
    return {
      reads: () => count,
      read: () => ({ payloads: [Buffer.from(String(++count))], interrupted: disturbed[count - 1] ?? disturbed.at(-1) ?? false }),
    };
  };
  it("is read again until it is of one moment", () => {
    const { read: next, reads } = answers(true, true, false);
    assert.equal(String(readUndisturbed(next, "list of devices")), "3");
    assert.equal(reads(), 3);
  });
  it("is read once when nothing changes", () => assert.equal(String(readUndisturbed(answers(false).read, "list of devices")), "1"));
  it("is unknown, not what it seemed to be, when it never is", () => {
    const { read: next, reads } = answers(true);
    assert.throws(() => readUndisturbed(next, "list of devices"), { code: "bpf.eintr", message: /list of devices: it changed/ });
    assert.ok(reads() > 2);
  });
});
