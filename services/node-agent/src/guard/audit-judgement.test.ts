import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PacketFilterWrites, WrittenPlace } from "@hostrouting/bpf-loader";
import { judgeWrites, type AuditJudgement } from "./audit-judgement.ts";
import type { Attempt, Reason, Sender } from "./guard-layout.ts";

const NOW = 100_000_000_000n;
const CHAIN = 3;
const RULE = 6;
const ELEMENT = 12;
const message = (byte: number): Buffer => Buffer.from([24, 0, 0, 0, byte]);

const place = (changes: Partial<WrittenPlace> = {}): WrittenPlace => ({
  type: RULE,
  family: 2,
  table: "nat",
  chain: "FORWARD",
  count: 1,
  messages: [message(1)],
  ...changes,
});
const writes = (places: readonly WrittenPlace[], changes: Partial<PacketFilterWrites> = {}): PacketFilterWrites => ({
  writer: { pid: 71, name: "iptables-nft" },
  places,
  unplaced: 0,
  lost: false,
  ...changes,
});
const sender = (why: Reason, { scope = 0, atNs = NOW - 1n } = {}): Sender => ({
  scope,
  attempt: {
    atNs,
    cgroup: 7n,
    executable: { inode: 1n, device: 1n },
    executableName: "xtables-nft-multi",
    pid: 70,
    parentPid: 1,
    uid: 0,
    command: "iptables",
    parentCommand: "sh",
    cgroupName: "cri-1",
    netns: 4,
    taskNetns: 4,
    kind: "Nftables",
    verdict: why === "Permitted" ? "Permitted" : "Audited",
    why,
    messageType: 0,
    messageIndex: 0,
    messageLength: 0,
    message: Buffer.alloc(0),
  },
});
const judge = (written: PacketFilterWrites, from: Sender | undefined): AuditJudgement =>
  judgeWrites(written, {
    sender: from,
    holds: ({ scope, table, chain }) => scope === 1 && table === "nat" && chain === "IP-MASQ-AGENT",
    nowNs: NOW,
    netns: 5,
  });
const shown = ({ audited, permitted, untold, unreadable, attempts }: AuditJudgement): string =>
  [`${audited} audited, ${permitted} permitted, ${untold} untold, ${unreadable} unreadable`, ...attempts.map(({ why }) => why)].join("; ");

describe("what was written, and by whom", () => {
  const cases: [what: string, written: PacketFilterWrites, from: Sender | undefined, expected: string][] = [
    ["a stranger's rule", writes([place()]), sender("UnknownWriter"), "1 audited, 0 permitted, 0 untold, 0 unreadable; UnknownWriter"],
    ["a refused pod's rule", writes([place()]), sender("KnownWriter"), "1 audited, 0 permitted, 0 untold, 0 unreadable; KnownWriter"],
    [
      "two rules of one chain",
      writes([place({ count: 2, messages: [message(1), message(2)] })]),
      sender("KnownWriter"),
      "2 audited, 0 permitted, 0 untold, 0 unreadable; KnownWriter; KnownWriter",
    ],
    [
      "more rules than are kept",
      writes([place({ count: 9 })]),
      sender("KnownWriter"),
      "9 audited, 0 permitted, 8 untold, 0 unreadable; KnownWriter",
    ],
    [
      "more places than are kept",
      writes([place()], { unplaced: 5 }),
      sender("KnownWriter"),
      "6 audited, 0 permitted, 5 untold, 0 unreadable; KnownWriter",
    ],
    [
      "kube-proxy's rules",
      writes([place({ count: 9 })], { unplaced: 5 }),
      sender("Permitted"),
      "0 audited, 14 permitted, 0 untold, 0 unreadable",
    ],
    ["a program that may not", writes([place()]), sender("Executable"), "1 audited, 0 permitted, 0 untold, 0 unreadable; Executable"],
    [
      "a rule in its scope, and one that is not",
      writes([place({ chain: "IP-MASQ-AGENT" }), place()]),
      sender("Permitted", { scope: 1 }),
      "1 audited, 1 permitted, 0 untold, 0 unreadable; Scope",
    ],
    [
      "more places than a scope can be held against",
      writes([place({ chain: "IP-MASQ-AGENT" })], { unplaced: 5 }),
      sender("Permitted", { scope: 1 }),
      "5 audited, 1 permitted, 5 untold, 0 unreadable",
    ],
    [
      "a policy, which no scope holds",
      writes([place({ type: CHAIN, chain: "IP-MASQ-AGENT" })]),
      sender("Permitted", { scope: 1 }),
      "1 audited, 0 permitted, 0 untold, 0 unreadable; Scope",
    ],
    [
      "an element, of which only whole tables hold any",
      writes([place({ type: ELEMENT, chain: "" })]),
      sender("Permitted", { scope: 1 }),
      "1 audited, 0 permitted, 0 untold, 0 unreadable; Scope",
    ],
    [
      "a name that no scope can hold",
      writes([place({ chain: "x".repeat(32) })]),
      sender("Permitted", { scope: 1 }),
      "1 audited, 0 permitted, 0 untold, 0 unreadable; Scope",
    ],
    ["nobody that was seen", writes([place()]), undefined, "1 audited, 0 permitted, 0 untold, 0 unreadable; UnknownWriter"],
    [
      "one who sent a minute ago, and had the number of a thread that ended since",
      writes([place()]),
      sender("Permitted", { atNs: NOW - 60_000_000_000n }),
      "1 audited, 0 permitted, 0 untold, 0 unreadable; UnknownWriter",
    ],
    [
      "notices that were lost, and with them who wrote",
      writes([place()], { writer: undefined, lost: true }),
      undefined,
      "0 audited, 0 permitted, 0 untold, 1 unreadable",
    ],
  ];
  for (const [what, written, from, expected] of cases)
    it(`${what}: ${expected}`, () => assert.equal(shown(judge(written, from)), expected));

  it("an attempt has its message, and its process from whom was seen sending", () => {
    const [attempt] = judge(writes([place()]), sender("KnownWriter")).attempts;
    const expected: Partial<Attempt> = {
      pid: 70,
      command: "iptables",
      cgroupName: "cri-1",
      verdict: "Audited",
      messageType: RULE,
      messageLength: 24,
      message: message(1),
    };
    assert.partialDeepStrictEqual(attempt, expected);
  });

  it("of a process that nobody saw there is what nf_tables says", () => {
    const [attempt] = judge(writes([place()]), undefined).attempts;
    assert.partialDeepStrictEqual(attempt, { pid: 71, command: "iptables-nft", cgroup: 0n, cgroupName: "", netns: 5 });
  });
});
