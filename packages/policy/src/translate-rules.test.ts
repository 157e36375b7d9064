import assert from "node:assert/strict";
import { test } from "node:test";
import { inShort, nftRules, rulesOf, translate } from "./testing/translate-text.ts";

type Row = readonly [rules: string, expected: string | readonly string[], options?: { readonly table?: string; readonly family?: "ip6" }];

/** Every row: lines of one table as iptables-save prints them, and what becomes of the rules that are concerned. */
const rows: readonly Row[] = [
  // What a policy says in full.
  ["-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP", "egress 168.63.129.16/32 TCP 80"],
  ["-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP", "egress 168.63.129.16/32 TCP 80", { table: "mangle" }],
  ["-A PREROUTING -d 203.0.113.0/24 -j DROP", "egress 203.0.113.0/24 Any", { table: "raw" }],
  ["-A FORWARD -d 203.0.113.0/24 -p udp -m udp --dport 1000:2000 -j DROP", "egress 203.0.113.0/24 UDP 1000-2000"],
  ["-A FORWARD -d 203.0.113.0/24 -p sctp -m sctp --dport 36412 -j DROP", "egress 203.0.113.0/24 SCTP 36412"],
  ["-A FORWARD -d 203.0.113.7/32 -p tcp -m multiport --dports 22,80,8000:8010 -j DROP", "egress 203.0.113.7/32 TCP 22,80,8000-8010"],
  ["-A FORWARD -d 203.0.113.7/32 -p tcp -m tcp --dport 0:1023 -j DROP", "egress 203.0.113.7/32 TCP 1-1023"],
  ["-A FORWARD -d 203.0.113.0/24 -p tcp -m tcp --dport 443 -j REJECT --reject-with tcp-reset", "egress 203.0.113.0/24 TCP 443"],
  ['-A FORWARD -d 203.0.113.0/24 -m comment --comment "no; not there" -j DROP', "egress 203.0.113.0/24 Any"],
  ["-A FORWARD -d 203.0.113.0/24 -p icmp -m icmp --icmp-type 8 -j DROP", "egress 203.0.113.0/24 ICMP IPv4 type 8"],
  [
    "-A FORWARD -d 2001:db8::/32 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP",
    "egress 2001:db8::/32 ICMP IPv6 type 128",
    { family: "ip6" },
  ],
  ["-A FORWARD -d 2001:db8::1/128 -p tcp -m tcp --dport 80 -j DROP", "egress 2001:db8::1/128 TCP 80", { family: "ip6" }],
  ["-A FORWARD -s 198.51.100.0/24 -j DROP", "ingress 198.51.100.0/24 Any"],
  ["-A FORWARD -s 198.51.100.0/24 -p tcp -m tcp --dport 5432 -j DROP", "ingress 198.51.100.0/24 TCP 5432"],
  ["-A FORWARD ! -s 10.224.0.4/32 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DROP", "egress 169.254.169.254/32 TCP 80"],
  // Where it stands.
  ["-A FORWARD -j MINE\n-A MINE -d 203.0.113.0/24 -j DROP", "egress 203.0.113.0/24 Any"],
  ["-A FORWARD -i eth0 -j MINE\n-A MINE -d 203.0.113.0/24 -j DROP", "Manual ConditionalJump"],
  ["-A FORWARD -i eth0 -j MINE\n-A FORWARD -j MINE\n-A MINE -d 203.0.113.0/24 -j DROP", "egress 203.0.113.0/24 Any"],
  ["-A POSTROUTING -d 203.0.113.0/24 -j DROP", "Manual Hook", { table: "mangle" }],
  // What lets packets pass before it.
  ["-A FORWARD -d 203.0.113.7/32 -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -j DROP", "Manual EarlierAccept"],
  ["-A FORWARD -d 203.0.113.0/24 -j DROP\n-A FORWARD -d 203.0.113.7/32 -j ACCEPT", "egress 203.0.113.0/24 Any"],
  ["-A FORWARD -d 192.0.2.7/32 -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -j DROP", "egress 203.0.113.0/24 Any"],
  ["-A FORWARD ! -d 203.0.113.128/25 -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -j DROP", "Manual EarlierAccept"],
  ["-A FORWARD ! -d 203.0.112.0/20 -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -j DROP", "egress 203.0.113.0/24 Any"],
  ["-A FORWARD -p udp -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -p tcp -m tcp --dport 80 -j DROP", "egress 203.0.113.0/24 TCP 80"],
  [
    "-A FORWARD -p tcp -m tcp --dport 443 -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -p tcp -m tcp --dport 80 -j DROP",
    "egress 203.0.113.0/24 TCP 80",
  ],
  [
    "-A FORWARD -p tcp -m multiport --dports 443,80 -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -p tcp -m tcp --dport 80 -j DROP",
    "Manual EarlierAccept",
  ],
  ["-A FORWARD -i cali+ -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -j DROP", "Manual EarlierAccept"],
  ["-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -j DROP", "egress 203.0.113.0/24 Any"],
  ["-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\n-A FORWARD -d 203.0.113.0/24 -j DROP", "Manual EarlierAccept"],
  ["-A FORWARD -j MINE\n-A MINE -s 192.0.2.0/24 -j RETURN\n-A MINE -d 203.0.113.0/24 -j DROP", "Manual EarlierAccept"],
  ["-A FORWARD -j FIRST\n-A FORWARD -d 203.0.113.0/24 -j DROP\n-A FIRST -d 203.0.113.7/32 -j RETURN", "egress 203.0.113.0/24 Any"],
  ["-A FORWARD -j FIRST\n-A FORWARD -d 203.0.113.0/24 -j DROP\n-A FIRST -d 203.0.113.7/32 -j ACCEPT", "Manual EarlierAccept"],
  ["-A FORWARD -g FIRST\n-A FORWARD -d 203.0.113.0/24 -j DROP\n-A FIRST -d 192.0.2.7/32 -j RETURN", "Manual EarlierAccept"],
  // kube-proxy's own exceptions are none.
  [
    '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD\n-A FORWARD -d 203.0.113.0/24 -j DROP\n' +
      '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    "egress 203.0.113.0/24 Any",
  ],
  // What a person must say.
  ["-P FORWARD DROP", "Manual AllowList"],
  ["-A FORWARD -j DROP", "Manual NoAddress"],
  ["-A FORWARD -p tcp -m tcp --dport 25 -j DROP", "Manual NoAddress"],
  ["-A FORWARD -s 192.0.2.0/24 -d 203.0.113.0/24 -j DROP", "Manual BothEnds"],
  ["-A FORWARD ! -s 192.0.2.9/32 -d 203.0.113.0/24 -j DROP", "Manual ExemptAddress"],
  ["-A FORWARD ! -d 203.0.113.0/24 -j DROP", "Manual Negated"],
  ["-A FORWARD -d 203.0.113.0/24 -p tcp -m tcp ! --dport 80 -j DROP", "Manual Negated"],
  ["-A FORWARD -d 10.244.3.0/24 -j DROP", "Manual ClusterAddress"],
  ["-A FORWARD -d 10.0.0.0/8 -j DROP", "Manual ClusterAddress"],
  ["-A FORWARD -s 10.244.0.0/16 -j DROP", "Manual ClusterAddress"],
  ["-A FORWARD -o eth1 -d 203.0.113.0/24 -j DROP", "Manual Interface"],
  ["-A FORWARD -d 203.0.113.0/24 -m set --match-set bad dst -j DROP", "Manual Set"],
  ["-A FORWARD -d 203.0.113.0/255.0.255.0 -j DROP", "Manual Set"],
  ["-A FORWARD -d 203.0.113.0/24 -p tcp -m tcp --sport 80 -j DROP", "Manual SourcePorts"],
  ["-A FORWARD -d 203.0.113.0/24 -p gre -j DROP", "Manual Protocol"],
  ["-A FORWARD -d 203.0.113.0/24 ! -p tcp -j DROP", "Manual Protocol"],
  ["-A FORWARD -d 203.0.113.0/24 -p icmp -j DROP", "Manual IcmpCode"],
  ["-A FORWARD -d 203.0.113.0/24 -p icmp -m icmp --icmp-type 3/1 -j DROP", "Manual IcmpCode"],
  ["-A FORWARD -d 203.0.113.0/24 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", "Manual Contents"],
  ["-A FORWARD -d 203.0.113.0/24 -m length --length 100 -j DROP", "Manual Contents"],
  ["-A FORWARD -d 203.0.113.0/24 -m limit --limit 5/sec -j DROP", "Manual RateLimit"],
  ["-A FORWARD -d 203.0.113.0/24 -m recent --update --seconds 60 --name x --mask 255.255.255.255 --rsource -j DROP", "Manual RateLimit"],
  ["-A FORWARD -d 203.0.113.0/24 -m time --timestart 08:00:00 -j DROP", "Manual Time"],
  ["-A FORWARD -d 203.0.113.0/24 -m cgroup --path a -j DROP", "Manual Owner"],
  ["-A FORWARD -d 203.0.113.0/24 -m mystery --what -j DROP", "Manual NotUnderstood"],
  // What no policy can do.
  [
    "-A PREROUTING -d 203.0.113.7/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.2.3:80",
    "Impossible Translates",
    { table: "nat" },
  ],
  ["-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080", "Impossible Translates", { table: "nat" }],
  ["-A POSTROUTING -d 203.0.113.0/24 -j MASQUERADE", "Impossible Translates", { table: "nat" }],
  ["-A POSTROUTING -d 203.0.113.0/24 -j SNAT --to-source 192.0.2.1", "Impossible Translates", { table: "nat" }],
  ["-A FORWARD -p tcp -j TCPMSS --clamp-mss-to-pmtu", "Impossible SegmentSize", { table: "mangle" }],
  ["-A PREROUTING -d 203.0.113.0/24 -j MARK --set-xmark 0x1/0xffffffff", "Impossible Marks", { table: "mangle" }],
  ["-A FORWARD -j DSCP --set-dscp 0x2e", "Impossible Marks", { table: "mangle" }],
  ["-A PREROUTING -d 203.0.113.0/24 -j TEE --gateway 192.0.2.1", "Impossible Copies", { table: "mangle" }],
  ["-A FORWARD -d 203.0.113.0/24 -j NFQUEUE --queue-num 1", "Impossible Queues"],
  ["-A PREROUTING -d 203.0.113.0/24 -j CT --zone 5", "Impossible Tracking", { table: "raw" }],
  ['-A FORWARD -d 203.0.113.0/24 -j LOG --log-prefix "x "', "Impossible Logs"],
  ["-A FORWARD -d 203.0.113.0/24 -m conntrack --ctstate INVALID -j DROP", "Impossible ConnectionState"],
  // Nobody's business: it is not bypassed, or only leads on.
  ["-A INPUT -d 203.0.113.0/24 -j DROP", []],
  ["-A FORWARD -d 203.0.113.0/24 -j ACCEPT", []],
];

for (const [rules, expected, { table = "filter", family = "ip" } = {}] of rows)
  test(`${table} ${rules.replaceAll("\n", " ⏎ ")} → ${String(expected)}`, () => {
    const translations = translate(rulesOf(table, rules.split("\n"), family));
    const wanted = typeof expected === "string" ? [expected] : expected;
    assert.deepEqual(translations.map(inShort), wanted);
    for (const one of translations)
      if (one.kind !== "Translated") assert.ok(one.hint !== "" && one.detail !== "", `${one.reason} says what to do`);
  });

const payload = (protocol: string, field: string): object => ({ payload: { protocol, field } });
const match = (left: object, right: unknown): object => ({ match: { op: "==", left, right } });
const FORWARD = { type: "filter", hook: "forward", prio: 0, policy: "accept" };

test("rules of nft are translated as well: sets of plain values, ICMP by name, several statements", () => {
  const rules = nftRules(
    FORWARD,
    [
      match(payload("ip", "daddr"), { set: ["203.0.113.7", { prefix: { addr: "192.0.2.0", len: 24 } }] }),
      { counter: { packets: 1, bytes: 2 } },
      { drop: null },
    ],
    [
      match(payload("ip6", "daddr"), "2001:db8::1"),
      match(payload("tcp", "dport"), { set: [80, { range: [90, 99] }] }),
      { log: { prefix: "x" } },
      { drop: null },
    ],
    [match(payload("ip", "daddr"), "203.0.113.9"), match(payload("icmp", "type"), "echo-request"), { drop: null }],
    [match(payload("ip", "daddr"), "@bad"), { drop: null }],
    [match({ ct: { key: "state" } }, "invalid"), { drop: null }],
    [match({ meta: { key: "iifname" } }, "eth0"), match(payload("ip", "daddr"), "203.0.113.9"), { drop: null }],
  );
  assert.deepEqual(translate(rules).map(inShort), [
    "egress 203.0.113.7/32,192.0.2.0/24 Any",
    "egress 2001:db8::1/128 TCP 80,90-99",
    "egress 203.0.113.9/32 ICMP IPv4 type 8",
    "Manual Set",
    "Impossible ConnectionState",
    "Manual Interface",
  ]);
});

test("what is different from the rule is said", () => {
  const notes = (line: string): readonly string[] =>
    translate(rulesOf("filter", [line])).flatMap((one) => (one.kind === "Translated" ? one.notes : [one.reason]));
  assert.deepEqual(notes("-A FORWARD -d 203.0.113.0/24 -j REJECT --reject-with icmp-port-unreachable"), [
    "The sender is not told: a denied packet is dropped.",
  ]);
  assert.deepEqual(notes("-A FORWARD ! -s 10.224.0.4/32 -d 203.0.113.0/24 -j DROP"), [
    "The node's own packets are no pod's: its exemption is not needed.",
  ]);
});

test("somebody else's rule text in a reason is visible, and short", () => {
  const hidden = `-A FORWARD -m comment --comment "\u202e${"x".repeat(300)}" -j ACCEPT`;
  const [one] = translate(rulesOf("filter", [hidden, "-A FORWARD -d 203.0.113.0/24 -j DROP"]));
  assert.ok(one?.kind === "Manual");
  assert.match(one.detail, /\\u\{202e\}x/);
  assert.ok(one.detail.length < 260 && !one.detail.includes("\u202e"));
});

test("a thousand rules, each behind an exception of its own and those of all others, each name their own", () => {
  const address = (at: number): string => `203.${at >> 8}.${at & 255}`;
  const lines = Array.from({ length: 1_000 }, (_, at) => [
    `-A FORWARD -d ${address(at)}.7/32 -j ACCEPT`,
    `-A FORWARD -d ${address(at)}.0/24 -j DROP`,
  ]).flat();
  const translations = translate(rulesOf("filter", lines));
  assert.equal(translations.length, 1_000);
  assert.ok(translations.every((one) => one.kind === "Manual" && one.detail.includes(".7/32")));
});
