import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadAllowList } from "./allow-list.ts";
import { classifyRules, type RuleClass } from "./classify-rules.ts";
import { dump, type Tables } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import { readDumps } from "./node-dumps.ts";

const allowList = loadAllowList(defaultAllowList);
const WIRESERVER = "-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP";
const MASQUERADE =
  '-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE';
const MASQ_JUMP =
  '-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT';

/** The tables, and of each rule in the order of the chains its class and words of the reason. */
const CASES: readonly [what: string, tables: Tables, judged: readonly (readonly [RuleClass, RegExp])[]][] = [
  ["a drop", { filter: ["-A FORWARD -j DROP"] }, [["Bypassed", /drops/]]],
  ["a policy", { filter: ["-P FORWARD DROP"] }, [["Bypassed", /policy/]]],
  ["a policy of the node's own packets", { filter: ["-P INPUT DROP"] }, [["Unaffected", /only input of the node/]]],
  [
    "NAT of pods and of the node",
    { nat: ["-A PREROUTING -p tcp -j DNAT --to-destination 10.9.0.1", "-A OUTPUT -p tcp -j DNAT --to-destination 10.9.0.1"] },
    [
      ["Bypassed", /DNAT changes/],
      ["Unaffected", /only output/],
    ],
  ],
  [
    "an accept, a return, a comment and nothing",
    { filter: ["-A FORWARD -j ACCEPT", "-A FORWARD -j RETURN", "-A FORWARD -m comment --comment hello", "-A FORWARD -s 10.9.0.1/32"] },
    [
      ["Inert", /accepts/],
      ["Inert", /returns/],
      ["Inert", /bare comment/],
      ["Inert", /no target/],
    ],
  ],
  [
    "notrack, and another use of CT",
    { raw: ["-A PREROUTING -j CT --notrack", "-A PREROUTING -j CT --notrack --zone 1"] },
    [
      ["Inert", /CT changes no packet/],
      ["Bypassed", /CT changes/],
    ],
  ],
  [
    "accept in front of a foreign drop",
    { filter: ["-A FORWARD -s 10.9.0.1/32 -j ACCEPT", "-A FORWARD -j DROP"] },
    [
      ["Inert", /accepts/],
      ["Bypassed", /drops/],
    ],
  ],
  [
    "accept in front of an owned drop that is replaced",
    { filter: ["-A FORWARD -s 10.9.0.1/32 -j ACCEPT", WIRESERVER] },
    [
      ["Bypassed", /exempts .*wireserver-80/],
      ["Owned", /AKS node set-up/],
    ],
  ],
  [
    "accept behind it",
    { filter: [WIRESERVER, "-A FORWARD -j ACCEPT"] },
    [
      ["Owned", /AKS/],
      ["Inert", /accepts/],
    ],
  ],
  [
    "accept in another table",
    { filter: [WIRESERVER], mangle: ["-A FORWARD -j ACCEPT"] },
    [
      ["Owned", /AKS/],
      ["Inert", /accepts/],
    ],
  ],
  [
    "accept in a chain that is left before an owned drop",
    { filter: ["-A FORWARD -j MINE", WIRESERVER, "-A MINE -j ACCEPT"] },
    [
      ["Bypassed", /MINE, whose rules act/],
      ["Owned", /AKS/],
      ["Bypassed", /exempts/],
    ],
  ],
  [
    "return in a chain that is left before an owned drop",
    { filter: ["-A FORWARD -j MINE", WIRESERVER, "-A MINE -j RETURN"] },
    [
      ["Inert", /change nothing/],
      ["Owned", /AKS/],
      ["Inert", /returns/],
    ],
  ],
  [
    "accept in front of the jump to masquerading",
    { nat: ["-A POSTROUTING -d 10.9.0.0/16 -j ACCEPT", MASQ_JUMP, MASQUERADE] },
    [
      ["Bypassed", /exempts .*ip-masq-agent-masquerade/],
      ["Owned", /./],
      ["Owned", /./],
    ],
  ],
  [
    "return in front of masquerading",
    { nat: [MASQ_JUMP, "-A IP-MASQ-AGENT -d 10.9.0.0/16 -j RETURN", MASQUERADE] },
    [
      ["Owned", /./],
      ["Bypassed", /exempts/],
      ["Owned", /./],
    ],
  ],
  ["a chain that nothing leads to", { filter: ["-A MINE -j DROP"] }, [["Inert", /unreachable/]]],
  ["a jump to an empty chain", { filter: ["-A FORWARD -j MINE", "-N MINE"] }, [["Inert", /change nothing/]]],
  [
    "a jump to a jump to a drop",
    { filter: ["-A FORWARD -j A", "-A A -j B", "-A B -j DROP"] },
    [
      ["Bypassed", /chain A/],
      ["Bypassed", /chain B/],
      ["Bypassed", /drops/],
    ],
  ],
  [
    "a second jump to masquerading",
    { nat: [MASQ_JUMP, "-A POSTROUTING -s 10.9.0.0/16 -j IP-MASQ-AGENT", MASQUERADE] },
    [
      ["Owned", /./],
      ["Bypassed", /IP-MASQ-AGENT, whose rules act/],
      ["Owned", /./],
    ],
  ],
  [
    "a jump to what is not known",
    { filter: ["-A FORWARD -j A", "-A A -m moonphase -j ACCEPT"] },
    [
      ["Unknown", /A, which cannot be judged/],
      ["Unknown", /moonphase is not known/],
    ],
  ],
  ["a goto to nowhere", { filter: ["-A FORWARD -g GONE"] }, [["Unknown", /GONE, which is not there/]]],
  [
    "chains that lead to each other",
    { filter: ["-A FORWARD -j A", "-A A -j B", "-A B -j A"] },
    [
      ["Inert", /./],
      ["Inert", /./],
      ["Inert", /./],
    ],
  ],
];

describe("classes", () => {
  for (const [what, tables, expected] of CASES)
    test(what, () => {
      const judged = readDumps([dump(tables)]).rulesets.flatMap((ruleset) => classifyRules(ruleset, allowList));
      assert.deepEqual(
        judged.map((one) => one.class),
        expected.map(([is]) => is),
        JSON.stringify(judged.map(({ text, reason }) => [text, reason])),
      );
      for (const [index, [, reason]] of expected.entries()) assert.match(judged[index]?.reason ?? "", reason);
    });
});
