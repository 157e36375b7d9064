import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attribute, encodeMessage, textAttribute } from "@hostrouting/bpf-loader";
import type { Regarding } from "../events/telling.ts";
import type { Attempt } from "./guard-layout.ts";
import { GuardTellings, type Origin } from "./guard-tellings.ts";

const node: Regarding = { kind: "Node", name: "aks-user-0", uid: "node-uid" };
const shop: Origin = {
  cgroup: "0123abcd",
  container: "0123456789abcdef".repeat(4),
  pod: { kind: "Pod", namespace: "shop", name: "cart", uid: "cart-uid" },
};
const message = encodeMessage({
  type: 0,
  flags: 0,
  sequence: 0,
  payload: Buffer.concat([
    Buffer.from([2, 0, 0, 0]),
    textAttribute(1, "filter"),
    textAttribute(2, "FORWARD"),
    attribute(4, Buffer.alloc(0)),
  ]),
});

const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  atNs: 0n,
  cgroup: 7n,
  executable: { inode: 1n, device: 1n },
  executableName: "xtables-nft-multi",
  pid: 1234,
  parentPid: 1,
  uid: 0,
  command: "iptables",
  parentCommand: "sh",
  cgroupName: "0123abcd",
  netns: 1,
  taskNetns: 1,
  kind: "Nftables",
  verdict: "Denied",
  why: "KnownWriter",
  messageType: 6,
  messageIndex: 0,
  messageLength: message.length,
  message,
  ...changes,
});

const countsOf = (tellings: GuardTellings): [reason: string, count: number][] =>
  tellings.all(node).map(({ reason, count }) => [reason, count]);

describe("attempts as Events", () => {
  const told = (attempts: readonly Attempt[], origin: Origin = shop): string[] => {
    const tellings = new GuardTellings(
      () => origin,
      () => 0,
    );
    attempts.forEach((each) => tellings.add(each));
    return tellings.all(node).map(({ reason, regarding, count }) => `${reason} ${regarding.kind} ${regarding.name} ×${count}`);
  };

  const cases: [what: string, attempts: readonly Attempt[], expected: string[]][] = [
    ["one is told on the pod and on the node", [attempt()], ["BlockedIPTablesRule Pod cart ×1", "BlockedIPTablesRule Node aks-user-0 ×1"]],
    [
      "alike ones are one, whatever process and place they have",
      [attempt(), attempt({ pid: 9, messageIndex: 4 }), attempt()],
      ["BlockedIPTablesRule Pod cart ×3", "BlockedIPTablesRule Node aks-user-0 ×3"],
    ],
    [
      "what was let through is told by another reason",
      [attempt({ verdict: "Audited" })],
      ["AuditedIPTablesRule Pod cart ×1", "AuditedIPTablesRule Node aks-user-0 ×1"],
    ],
    ["what was permitted is no news", [attempt({ verdict: "Permitted", why: "Permitted" })], []],
  ];
  for (const [what, attempts, expected] of cases) it(what, () => assert.deepEqual(told(attempts), expected));

  it("a writer of no known pod is told on the node alone", () =>
    assert.deepEqual(told([attempt()], { cgroup: "sshd.service", pod: undefined }), ["BlockedIPTablesRule Node aks-user-0 ×1"]));

  it("says who, where, what and why", () => {
    const tellings = new GuardTellings(
      () => shop,
      () => 0,
    );
    tellings.add(attempt());
    assert.equal(
      tellings.all(node)[0]?.note,
      "xtables-nft-multi (iptables), pid 1234, started by sh, in pod shop/cart, container 0123456789abc, wanted to write ip filter FORWARD: a rule without expressions. It is not among the cluster's own writers.",
    );
  });

  it("of whom nobody saw sending, only what nf_tables says is told", () => {
    const tellings = new GuardTellings(
      () => ({ cgroup: "", pod: undefined }),
      () => 0,
    );
    tellings.add(
      attempt({ verdict: "Audited", why: "UnknownWriter", command: "nft", executableName: "", parentCommand: "", cgroupName: "" }),
    );
    assert.deepEqual(
      tellings.all(node).map(({ regarding, note }) => [regarding.name, note]),
      [
        [
          "aks-user-0",
          "nft, pid 1234, wrote ip filter FORWARD: a rule without expressions. It is not known whether that is one of the cluster's own writers.",
        ],
      ],
    );
  });

  it("somebody else's names are shown, never obeyed", () => {
    const tellings = new GuardTellings(
      () => shop,
      () => 0,
    );
    tellings.add(attempt({ command: "\u001b[2J", executableName: "" }));
    assert.match(tellings.all(node)[0]?.note ?? "", /^\\u\{1b\}\[2J, pid/);
  });

  it("different ones are kept up to a bound, and forgotten after an hour", () => {
    let now = 0;
    const tellings = new GuardTellings(
      () => shop,
      () => now,
    );
    for (let n = 0; n < 2000; n++) tellings.add(attempt({ executableName: `tool-${n}` }));
    assert.equal(tellings.all(node).filter(({ reason }) => reason === "BlockedIPTablesRule").length, 500);
    now = 60 * 60_000 + 1;
    assert.deepEqual(countsOf(tellings), [["EventsSuppressed", 3500]]);
  });

  it("whatever had to leave before it was handed out, or was lost in the kernel, is counted as suppressed", () => {
    const tellings = new GuardTellings(
      () => ({ cgroup: "sshd.service", pod: undefined }),
      () => 0,
    );
    tellings.add(attempt({ executableName: "handed-out" }));
    tellings.all(node);
    for (let n = 0; n < 502; n++) tellings.add(attempt({ executableName: `tool-${n}` }));
    tellings.addLost(40);
    assert.deepEqual(
      countsOf(tellings).filter(([reason]) => reason === "EventsSuppressed"),
      [["EventsSuppressed", 2 + 40]],
    );
  });

  it("a container of no known pod is named by its id, anything else by its cgroup", () => {
    const noteFrom = (origin: Origin): string => {
      const tellings = new GuardTellings(
        () => origin,
        () => 0,
      );
      tellings.add(attempt());
      return tellings.all(node)[0]?.note ?? "";
    };
    assert.match(noteFrom({ ...shop, pod: undefined }), /started by sh, in container 0123456789abc, wanted/);
    assert.match(noteFrom({ cgroup: "sshd.service", pod: undefined }), /started by sh, in cgroup sshd\.service, wanted/);
  });
});
