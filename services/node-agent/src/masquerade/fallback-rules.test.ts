import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readFallbackRules, uniteFallbackRules, type FallbackRules } from "./fallback-rules.ts";

const JUMP = `-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT`;
const KEEP = (range: string): string =>
  `-A IP-MASQ-AGENT -d ${range} -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN`;
const MASQUERADE = `-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE`;
const KUBE = '-A POSTROUTING -m comment --comment "kubernetes \\"postrouting\\" rules" -j KUBE-POSTROUTING';
const saved = (...rules: string[]): string => ["# Generated", "*nat", ":POSTROUTING ACCEPT [1:2]", ...rules, "COMMIT", ""].join("\n");

describe("readFallbackRules", () => {
  const cases: [string, string[], FallbackRules][] = [
    ["nothing", [], { state: "absent" }],
    ["Kubernetes' rules only", [KUBE, "-A KUBE-POSTROUTING -j MASQUERADE --random-fully"], { state: "absent" }],
    [
      "ip-masq-agent's rules",
      [KUBE, JUMP, KEEP("169.254.0.0/16"), KEEP("10.0.0.0/8"), MASQUERADE],
      { state: "present", kept: ["169.254.0.0/16", "10.0.0.0/8"] },
    ],
    ["random ports", [JUMP, `${MASQUERADE} --random-fully`], { state: "present", kept: [] }],
    ["a rule that keeps everything", [JUMP, "-A IP-MASQ-AGENT -j RETURN", MASQUERADE], { state: "present", kept: ["0.0.0.0/0"] }],
    ["a chain that nothing leads to", [KEEP("10.0.0.0/8"), MASQUERADE], { state: "absent" }],
    ["a chain without its last rule", [JUMP, KEEP("10.0.0.0/8")], { state: "absent" }],
    [
      "another translation",
      [JUMP, MASQUERADE, "-A POSTROUTING -s 10.1.0.0/16 -j SNAT --to-source 1.2.3.4"],
      { state: "foreign", message: "POSTROUTING has a rule for SNAT" },
    ],
    [
      "an unknown chain",
      ["-A POSTROUTING -j EGRESS", JUMP, MASQUERADE],
      { state: "foreign", message: "POSTROUTING has a rule for EGRESS" },
    ],
    [
      "a jump for some packets",
      ["-A POSTROUTING -o eth0 -j IP-MASQ-AGENT", MASQUERADE],
      { state: "foreign", message: "POSTROUTING leads to IP-MASQ-AGENT only for -o eth0" },
    ],
    [
      "a rule that looks at more than the destination",
      [JUMP, "-A IP-MASQ-AGENT -d 10.0.0.0/8 -p tcp -j RETURN", MASQUERADE],
      { state: "foreign", message: "IP-MASQ-AGENT has a rule -d 10.0.0.0/8 -p tcp -j RETURN" },
    ],
    [
      "an exception",
      [JUMP, "-A IP-MASQ-AGENT ! -d 10.0.0.0/8 -j RETURN", MASQUERADE],
      { state: "foreign", message: "IP-MASQ-AGENT has a rule ! -d 10.0.0.0/8 -j RETURN" },
    ],
  ];
  for (const [name, rules, expected] of cases) it(`reads ${name}`, () => assert.deepEqual(readFallbackRules(saved(...rules), 4), expected));

  it("reads IPv6", () =>
    assert.deepEqual(readFallbackRules(saved(JUMP, KEEP("fe80::/10"), "-A IP-MASQ-AGENT -j RETURN", MASQUERADE), 6), {
      state: "present",
      kept: ["fe80::/10", "::/0"],
    }));
});

describe("uniteFallbackRules", () => {
  const present: FallbackRules = { state: "present", kept: ["10.0.0.0/8"] };
  const absent: FallbackRules = { state: "absent" };
  const foreign: FallbackRules = { state: "foreign", message: "x" };
  const unknown: FallbackRules = { state: "unknown", message: "y" };
  const cases: [FallbackRules[], FallbackRules][] = [
    [[], absent],
    [[absent, present], present],
    [[present, foreign], foreign],
    [[foreign, unknown], unknown],
    [[present, present], { state: "foreign", message: "both kinds of iptables have a chain IP-MASQ-AGENT" }],
  ];
  for (const [all, expected] of cases)
    it(`${all.map(({ state }) => state).join(" and ") || "nothing"}: ${expected.state}`, () =>
      assert.deepEqual(uniteFallbackRules(all), expected));
});
