import { nftDump, type CorpusCase } from "./corpus-case.ts";

const DROP = { drop: null };
const TO_POD = { match: { op: "==", left: { payload: { protocol: "ip", field: "daddr" } }, right: "10.244.1.5" } };

type Hooked = {
  readonly family: string;
  readonly hook: string;
  readonly state: CorpusCase["state"];
  readonly is: "Bypassed" | "Unaffected";
};

const HOOKED: readonly Hooked[] = [
  ...["ip", "ip6", "inet", "bridge"].flatMap((family) =>
    ["prerouting", "forward", "postrouting"].map((hook): Hooked => ({ family, hook, state: "Dirty", is: "Bypassed" })),
  ),
  ...["ip", "ip6", "inet"].flatMap((family) =>
    ["input", "output"].map((hook): Hooked => ({ family, hook, state: "Clean", is: "Unaffected" })),
  ),
  { family: "bridge", hook: "input", state: "Dirty", is: "Bypassed" },
  { family: "arp", hook: "input", state: "Clean", is: "Unaffected" },
  { family: "netdev", hook: "ingress", state: "Dirty", is: "Bypassed" },
  { family: "netdev", hook: "egress", state: "Dirty", is: "Bypassed" },
  { family: "inet", hook: "ingress", state: "Dirty", is: "Bypassed" },
];

/** One table with one chain, at a hook. */
function table(family: string, chain: object, options: { flags?: readonly string[]; rules?: readonly object[] } = {}): object[] {
  const { flags, rules = [DROP] } = options;
  return [
    { table: { family, name: "mine", handle: 9, ...(flags === undefined ? {} : { flags }) } },
    { chain: { family, table: "mine", name: "c", handle: 1, type: "filter", prio: 0, policy: "accept", ...chain } },
    ...rules.map((rule, index) => ({ rule: { family, table: "mine", chain: "c", handle: index + 2, expr: [rule] } })),
  ];
}

const hooked = HOOKED.map(({ family, hook, state, is }): CorpusCase => {
  return { name: `nft: a drop in ${family} ${hook}`, dumps: [nftDump(...table(family, { hook }))], state, classes: { [is]: 1 } };
});

const dormant = ["ip", "ip6", "inet", "bridge", "netdev"].map((family): CorpusCase => {
  const hook = family === "netdev" ? "ingress" : "forward";
  return {
    name: `nft: a drop in a dormant table of ${family}`,
    dumps: [nftDump(...table(family, { hook, policy: "drop" }, { flags: ["dormant"] }))],
    state: "Dirty",
    classes: { Bypassed: 2 },
    found: ["-P c DROP", "drop"],
  };
});

const forward = (...rules: readonly object[]): CorpusCase["dumps"] => [nftDump(...table("inet", { hook: "forward" }, { rules }))];

const STATEMENTS: readonly (readonly [string, object, "Bypassed" | "Inert" | "Unknown"])[] = [
  ["accept", { accept: null }, "Inert"],
  ["return", { return: null }, "Inert"],
  ["log", { log: { prefix: "seen" } }, "Inert"],
  ["counter", { counter: { packets: 9, bytes: 900 } }, "Inert"],
  ["notrack", { notrack: null }, "Inert"],
  ["trace", { mangle: { key: { meta: { key: "nftrace" } }, value: 1 } }, "Inert"],
  ["mark", { mangle: { key: { meta: { key: "mark" } }, value: 7 } }, "Bypassed"],
  ["reject", { reject: null }, "Bypassed"],
  ["queue", { queue: { num: 0 } }, "Bypassed"],
  ["dnat", { dnat: { addr: "10.1.1.1" } }, "Bypassed"],
  ["masquerade", { masquerade: null }, "Bypassed"],
  ["dup", { dup: { addr: "10.1.1.1" } }, "Bypassed"],
  ["flow offload", { flow: { op: "add", flowtable: "@fast" } }, "Bypassed"],
  ["a target of iptables", { xt: { type: "target", name: "TCPMSS" } }, "Bypassed"],
  ["LOG of iptables", { xt: { type: "target", name: "LOG" } }, "Inert"],
  ["a match of iptables alone", { xt: { type: "match", name: "comment" } }, "Inert"],
  ["an element of a set", { set: { op: "add", elem: { payload: { protocol: "ip", field: "saddr" } }, set: "@seen" } }, "Bypassed"],
  ["a statement of tomorrow", { teleport: { to: "mars" } }, "Unknown"],
  ["a match of iptables that is not known", { xt: { type: "match", name: "moonphase" } }, "Unknown"],
  ["a comparison of tomorrow", { match: { op: "==", left: { aura: { key: "colour" } }, right: 3 } }, "Unknown"],
  ["a jump to nowhere", { jump: { target: "nowhere" } }, "Unknown"],
  ["a goto to nowhere", { goto: { target: "nowhere" } }, "Unknown"],
  [
    "a map to verdicts",
    {
      vmap: {
        key: { meta: { key: "mark" } },
        data: {
          set: [
            [1, { drop: null }],
            [2, { accept: null }],
          ],
        },
      },
    },
    "Bypassed",
  ],
  ["a map to harmless verdicts", { vmap: { key: { meta: { key: "mark" } }, data: { set: [[2, { accept: null }]] } } }, "Inert"],
  ["a map that is not listed", { vmap: { key: { meta: { key: "mark" } }, data: "@gone" } }, "Unknown"],
];

const statements = STATEMENTS.map(([what, statement, is]): CorpusCase => {
  const state = is === "Bypassed" ? "Dirty" : is === "Inert" ? "Clean" : "Unknown";
  return { name: `nft: ${what} in forward`, dumps: forward(statement), state, classes: { [is]: 1 } };
});

const single: readonly CorpusCase[] = [
  {
    name: "nft: a policy that drops",
    dumps: [nftDump(...table("inet", { hook: "forward", policy: "drop" }, { rules: [{ accept: null }] }))],
    state: "Dirty",
    classes: { Bypassed: 1, Inert: 1 },
    found: ["-P c DROP"],
  },
  {
    name: "nft: a chain without a hook",
    dumps: [
      nftDump(
        { table: { family: "ip", name: "mine" } },
        { chain: { family: "ip", table: "mine", name: "c" } },
        ...table("ip", {}).slice(2),
      ),
    ],
    state: "Clean",
    classes: { Inert: 1 },
  },
  {
    name: "nft: ingress of the loopback device",
    dumps: [nftDump(...table("netdev", { hook: "ingress", dev: "lo" }))],
    state: "Clean",
    classes: { Unaffected: 1 },
  },
  {
    name: "nft: ingress of the loopback device and an uplink",
    dumps: [nftDump(...table("netdev", { hook: "ingress", dev: ["lo", "eth0"] }))],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  {
    name: "nft: a flowtable",
    dumps: [
      nftDump(
        { table: { family: "ip", name: "mine" } },
        { flowtable: { family: "ip", name: "fast", table: "mine", hook: "ingress", prio: 0, dev: "eth0" } },
      ),
    ],
    state: "Dirty",
    classes: { Bypassed: 1 },
    found: ["flowtable fast"],
  },
  {
    name: "nft: load balancer probes of dual-stack nodes, translated by the node's image",
    dumps: [
      nftDump(
        { table: { family: "ip6", name: "azureSLBProbe" } },
        {
          chain: {
            family: "ip6",
            table: "azureSLBProbe",
            name: "prerouting",
            handle: 1,
            type: "filter",
            hook: "prerouting",
            prio: -300,
            policy: "accept",
          },
        },
        {
          rule: {
            family: "ip6",
            table: "azureSLBProbe",
            chain: "prerouting",
            handle: 2,
            expr: [
              { match: { op: "==", left: { payload: { protocol: "ip6", field: "saddr" } }, right: "fe80::1234:5678:9abc" } },
              { mangle: { key: { payload: { protocol: "ip6", field: "saddr" } }, value: "2001:db8::1" } },
            ],
          },
        },
      ),
    ],
    state: "Dirty",
    classes: { Bypassed: 1 },
    writer: "azure-slb-probe",
  },
  {
    name: "nft: sets alone",
    dumps: [
      nftDump(
        { table: { family: "ip", name: "mine" } },
        { set: { family: "ip", name: "s", table: "mine", type: "ipv4_addr", elem: ["10.0.0.1"] } },
      ),
    ],
    state: "Clean",
    classes: {},
  },
  {
    name: "nft: a map with verdicts, listed behind the rule",
    dumps: [
      nftDump(
        ...table(
          "inet",
          { hook: "forward" },
          { rules: [{ vmap: { key: { payload: { protocol: "ip", field: "daddr" } }, data: "@who" } }] },
        ),
        { map: { family: "inet", name: "who", table: "mine", type: "ipv4_addr", map: "verdict", elem: [["10.244.1.5", { drop: null }]] } },
      ),
    ],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  { name: "nft: an object of tomorrow", dumps: [nftDump({ wormhole: { family: "ip", table: "mine" } })], state: "Unknown", classes: {} },
  { name: "nft: a family of tomorrow", dumps: [nftDump({ table: { family: "ip9", name: "mine" } })], state: "Unknown", classes: {} },
  {
    name: "nft: a drop that asks for a match which is not known",
    dumps: [
      nftDump(...table("ip", { hook: "forward" }, { rules: [] }), {
        rule: { family: "ip", table: "mine", chain: "c", handle: 4, expr: [{ xt: null }, TO_POD, DROP] },
      }),
    ],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
];

/** Rule sets of nft alone. */
export const nftTables: readonly CorpusCase[] = [...hooked, ...dormant, ...statements, ...single];
