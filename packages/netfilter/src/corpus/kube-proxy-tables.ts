import { dump, type CorpusCase } from "./corpus-case.ts";
import { aksDumps } from "./altered-defaults.ts";
import { aksDefaultRules } from "./aks-default-rules.ts";
import { kubeProxyNft } from "./kube-proxy-nft.ts";
import type { Dump } from "../node-dumps.ts";

const METAINFO = '{"metainfo":{"version":"1.0.6","release_name":"Lester Gooch #5","json_schema_version":1}}';
const WITH_VERDICTS = "no-endpoint-services|service-ips|service-nodeports|no-endpoint-nodeports|firewall-ips".split("|");

/** nft's list of both families, with `change` made to every object. */
function nftOf(change: (object: string) => string = (object) => object, more: readonly string[] = []): Dump {
  const objects = (["ip", "ip6"] as const).flatMap(kubeProxyNft).map(change);
  return { source: "nft-json", text: `{"nftables": [${[METAINFO, ...objects, ...more].join(", ")}]}\n` };
}

const RULES = (["ip", "ip6"] as const).flatMap(kubeProxyNft).filter((object) => object.startsWith('{"rule"')).length;
const ALL_AKS = aksDefaultRules.length;

const rule = (chain: string, ...expressions: readonly string[]): string =>
  `{"rule":{"family":"ip","table":"kube-proxy","chain":"${chain}","handle":900,"expr":[${expressions.join(",")}]}}`;
const TO_POD = '{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":"10.244.1.5"}}';
const DROP = '{"drop":null}';

/** Rules of somebody in kube-proxy's chains, as they are and in its clothes. */
const ADDED: readonly (readonly [what: string, object: string])[] = [
  ...["filter-forward", "services", "service-ULMVA6XW-ns1/svc1/tcp/p80", "cluster-ips-check", "reject-chain", "masquerading"].map(
    (chain) => [`a drop in ${chain}`, rule(chain, TO_POD, DROP)] as const,
  ),
  [
    "a drop with kube-proxy's remark",
    rule("cluster-ips-check", TO_POD, DROP).replace("}}", '},"comment":"Drop traffic to unallocated ClusterIPs"}'),
  ],
  ["a mark", rule("services", '{"mangle":{"key":{"meta":{"key":"mark"}},"value":7}}')],
  ["a masquerade of everything", rule("masquerading", '{"masquerade":{"flags":"fully-random"}}')],
  ["a translation to elsewhere", rule("services", '{"dnat":{"addr":"10.9.9.9","port":80}}')],
  [
    "a dispatch with a verdict behind it",
    rule(
      "services",
      '{"vmap":{"key":{"concat":[{"payload":{"protocol":"ip","field":"daddr"}},{"meta":{"key":"l4proto"}},{"payload":{"protocol":"th","field":"dport"}}]},"data":"@service-ips"}}',
      DROP,
    ),
  ],
];

/** One token of kube-proxy's own rules, other than it writes it. */
const ALTERED: readonly (readonly [from: string, to: string])[] = [
  ['"jump":{"target":"service-endpoints-check"', '"goto":{"target":"service-endpoints-check"'],
  ['"right":"new"', '"right":"established"'],
  ['"mod":2,"offset":0', '"mod":2,"offset":1'],
  ['{"numgen":{"mode":"random","mod":1,"offset":0}}', '{"meta":{"key":"mark"}}'],
  ["16384]}}}", "32768]}}}"],
  ['"expr":"port-unreachable"', '"expr":"host-unreachable"'],
  ['"@hairpin-connections"', '"@cluster-ips"'],
  ['"data":"@service-ips"', '"data":"@firewall-ips"'],
  ['"flags":"fully-random"', '"flags":"random"'],
  ['"Drop traffic to unallocated ClusterIPs"', '"Drop traffic"'],
  ['"op":"update"', '"op":"delete"'],
  ["short-circuit pod traffic", "mine"],
  ['"field":"saddr"}},"right":"10.0.0.0/8"', '"field":"daddr"}},"right":"10.0.0.0/8"'],
];

const prefixed = (text: string): string => text.replace('"right":"10.0.0.0/8"', '"right":{"prefix":{"addr":"10.0.0.0","len":8}}');

const altered = ALTERED.map(([from, to]): CorpusCase => {
  let isDone = false;
  const change = (object: string): string => {
    const before = prefixed(from);
    if (isDone || !object.includes(before) || !object.startsWith('{"rule"')) return object;
    isDone = true;
    return object.replace(before, prefixed(to));
  };
  const nft = nftOf(change);
  if (!isDone) throw new Error(`"${from}" is in none of kube-proxy's rules`);
  return { name: `kube-proxy by nft: "${to}" in place of "${from}"`, dumps: [nft], state: "Dirty", writer: "kube-proxy" };
});

const added = ADDED.map(([what, object]): CorpusCase => {
  return { name: `kube-proxy by nft: ${what}`, dumps: [nftOf(undefined, [object])], state: "Dirty", writer: "kube-proxy" };
});

/** An element that kube-proxy would not write, in each of its maps. */
const elements = WITH_VERDICTS.flatMap((map) => {
  const verdicts = [...(map.startsWith("no-") ? [] : [DROP]), '{"goto":{"target":"mine"}}', '{"jump":{"target":"cluster-ips-check"}}'];
  return verdicts.map((verdict): CorpusCase => {
    const key = map.includes("nodeport") ? '"tcp",81' : '"10.244.1.5","tcp",81';
    const change = (object: string): string =>
      object.startsWith('{"map"') && object.includes(`"name":"${map}"`)
        ? object.replace('"elem":[', `"elem":[[{"concat":[${key}]},${verdict}],`)
        : object;
    const mine = '{"chain":{"family":"ip","table":"kube-proxy","name":"mine","handle":901}}';
    const mine6 = mine.replace('"ip"', '"ip6"');
    return {
      name: `kube-proxy by nft: ${verdict} in ${map}`,
      // before the rules, which lead there
      dumps: [nftOf(change, [mine, mine6, rule("mine", TO_POD, DROP)])],
      // Only packets to the node itself are asked about ports of nodes without endpoints.
      ...(map === "no-endpoint-nodeports" ? { state: "Clean" } : { state: "Dirty", writer: "kube-proxy" }),
    };
  });
});

const many = Array.from({ length: 200 }, (_, n) => `[${n},{"concat":["10.180.1.${n}",80]}]`).join(",");
const manyJumps = Array.from(
  { length: 200 },
  (_, n) => `[${n},{"goto":{"target":"endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80"}}]`,
).join(",");
const withMany = (object: string): string =>
  object
    .replace('[[0,{"concat":["10.180.0.1",80]}]]', `[${many}]`)
    .replace('[[0,{"goto":{"target":"endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80"}}]]', `[${manyJumps}]`);
const strangers = many.replace('[7,{"concat":["10.180.1.7",80]}]', '[7,{"drop":null}]');

const legacyOfAks = aksDumps(aksDefaultRules).map((one): Dump => {
  return { ...one, source: one.source === "iptables-nft-save" ? "iptables-legacy-save" : "ip6tables-legacy-save" };
});

/** Nodes whose kube-proxy runs in nftables mode. */
export const kubeProxyTablesOfNft: readonly CorpusCase[] = [
  { name: "kube-proxy by nft, nothing else", dumps: [nftOf()], state: "Clean", classes: { Owned: RULES } },
  {
    name: "kube-proxy by nft on a node of AKS",
    dumps: [...aksDumps(aksDefaultRules), nftOf()],
    state: "Clean",
    classes: { Owned: RULES + ALL_AKS },
  },
  {
    name: "kube-proxy by nft on a node of AKS whose rules are of the older backend",
    dumps: [...legacyOfAks, dump({}), nftOf()],
    state: "Clean",
    classes: { Owned: RULES + ALL_AKS },
  },
  { name: "kube-proxy by nft, Services of 200 endpoints", dumps: [nftOf(withMany)], state: "Clean", classes: { Owned: RULES } },
  {
    name: "kube-proxy by nft, something else among a Service's endpoints",
    dumps: [nftOf((object) => object.replace('[[0,{"concat":["10.180.0.1",80]}]]', `[${strangers}]`))],
    state: "Dirty",
  },
  {
    name: "kube-proxy by nft on a node of AKS, with a drop of the older backend",
    dumps: [...legacyOfAks, dump({ filter: ["-A FORWARD -s 10.9.0.0/16 -j DROP"] }), nftOf()],
    state: "Dirty",
    found: ["10.9.0.0/16"],
  },
  ...added,
  ...altered,
  ...elements,
];
