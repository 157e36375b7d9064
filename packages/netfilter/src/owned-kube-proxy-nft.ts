import type { AllowEntry } from "./allow-entry.ts";

const ADDRESS = "[0-9a-f.:]{2,39}";
const RANGE = String.raw`${ADDRESS}(?:/\d{1,3})?`;
/** One address or range, or a list of them. A list is longer than a pattern may be asked about where somebody has 40 ranges. */
const RANGES = String.raw`(?:${RANGE}|\{ [0-9a-f.:/, ]{2,1500} \})`;
const PORT = String.raw`\d{1,5}`;
const PROTOCOL = "(?:tcp|udp|sctp)";
/** hashAndTruncate of a namespace, a Service, a protocol and a port's name; of an endpoint its address and port as well. */
const SERVICE = "[A-Z2-7]{8}-[a-z0-9./_-]{1,240}";

const IP = "ip6?";
const DESTINATION = '{"payload":{"protocol":"ip","field":"daddr"}}';
const SOURCE = '{"payload":{"protocol":"ip","field":"saddr"}}';
const L4 = '{"meta":{"key":"l4proto"}}';
const TARGET_PORT = '{"payload":{"protocol":"th","field":"dport"}}';
const MARK = '{"meta":{"key":"mark"}}';
const SERVICE_KEY = concat(DESTINATION, L4, TARGET_PORT);
const NODE_PORT_KEY = concat(L4, TARGET_PORT);
const FIB = (direction: string): string => literal(`{"fib":{"result":"type","flags":["${direction}"]}} local `);
const SET_MARK = literal(`mangle {"key":${MARK},"value":{"|":[${MARK},16384]}}`);
const CLEAR_MARK = literal(`mangle {"key":${MARK},"value":{"^":[${MARK},16384]}}`);
/** nft 1.1 writes one flag as a list. */
const MASQUERADE = String.raw`masquerade \{"flags":(?:"fully-random"|\["fully-random"\])\}`;
const REJECT = String.raw`reject(?: \{"type":"icmp(?:v6)?","expr":"port-unreachable"\})?`;
const NUMGEN = String.raw`\{"numgen":\{"mode":"random","mod":${PORT},"offset":0\}\}`;
/** Which of the node's addresses take node ports: those of a set, or all but loopback's. */
const NODE_ADDRESS = String.raw`(?:${IP} daddr @nodeport-ips|${IP} daddr != (?:127\.0\.0\.0/8|::1))`;
/** What no pod of the node sends: --detect-local-mode. */
const NOT_LOCAL = String.raw`(?: ${IP} saddr != ${RANGES}| meta iifname != [A-Za-z0-9_.*-]{1,16})?`;

type NftRules = {
  readonly id: string;
  readonly chain: string;
  readonly rules: readonly (string | { readonly rule: string; readonly leadsTo: string })[];
};

const BASES: readonly NftRules[] = [
  { id: "pre-dnat", chain: "^filter-(prerouting|output)-pre-dnat$", rules: ["ct state new jump firewall-check"] },
  { id: "forward", chain: "filter-forward", rules: ["ct state new jump (?:service-endpoints|cluster-ips)-check"] },
  { id: "input", chain: "filter-input", rules: ["ct state new jump (?:service|nodeport)-endpoints-check"] },
  { id: "output", chain: "filter-output", rules: ["ct state new jump (?:service-endpoints|cluster-ips)-check"] },
  { id: "dispatch", chain: "^nat-(prerouting|output)$", rules: ["jump services"] },
  { id: "postrouting", chain: "nat-postrouting", rules: ["jump masquerading"] },
];

const CHAINS: readonly NftRules[] = [
  {
    id: "cluster-ips",
    chain: "cluster-ips-check",
    rules: [
      `${IP} daddr @cluster-ips ${REJECT} comment "Reject traffic to invalid ports of ClusterIPs"`,
      `${IP} daddr ${RANGES} drop comment "Drop traffic to unallocated ClusterIPs"`,
    ],
  },
  {
    id: "firewall",
    chain: "firewall-check",
    rules: [{ rule: `${SERVICE_KEY} vmap @firewall-ips`, leadsTo: `^goto firewall-${SERVICE}$` }],
  },
  { id: "source-ranges", chain: `^firewall-${SERVICE}$`, rules: [`${IP} saddr != ${RANGES} drop`] },
  {
    id: "no-endpoints",
    chain: "service-endpoints-check",
    rules: [{ rule: `${SERVICE_KEY} vmap @no-endpoint-services`, leadsTo: "^(DROP|goto reject-chain)$" }],
  },
  {
    id: "no-endpoints-nodeport",
    chain: "nodeport-endpoints-check",
    rules: [{ rule: `${NODE_ADDRESS} ${NODE_PORT_KEY} vmap @no-endpoint-nodeports`, leadsTo: "^(DROP|goto reject-chain)$" }],
  },
  { id: "reject", chain: "reject-chain", rules: [REJECT] },
  {
    id: "services",
    chain: "services",
    rules: [
      `${IP} daddr @cluster-ips${NOT_LOCAL} ${SET_MARK} comment "masquerade (?:all clusterIP traffic|clusterIP traffic from outside cluster)"`,
      { rule: `${SERVICE_KEY} vmap @service-ips`, leadsTo: `^goto (service|local|external)-${SERVICE}$` },
      { rule: `(?:${FIB("daddr")})?${NODE_ADDRESS} ${NODE_PORT_KEY} vmap @service-nodeports`, leadsTo: `^goto external-${SERVICE}$` },
    ],
  },
  {
    id: "external",
    chain: `^external-${SERVICE}$`,
    rules: [
      `(?:${FIB("saddr")}|${IP} saddr ${RANGE} |meta iifname [A-Za-z0-9_.*-]{1,16} )?goto (?:service|local)-${SERVICE}(?: comment "short-circuit (?:pod|local) traffic")?`,
      `(?:${FIB("saddr")})?${SET_MARK} comment "masquerade(?: local traffic)?"`,
    ],
  },
  {
    id: "service",
    chain: `^(service|local)-${SERVICE}$`,
    rules: [
      String.raw`meta l4proto ${PROTOCOL} dnat \{"family":"ip6?","addr":\{"map":\{"key":${NUMGEN},"data":\{"set":\[\[0,\{"concat":\["${ADDRESS}",${PORT}\]\}\]\]\}\}\}(?:,"type_flags":(?:"concat"|\["concat"\]))?\}`,
      `${IP} saddr @affinity-${SERVICE} goto endpoint-${SERVICE}`,
      {
        rule: String.raw`${NUMGEN} vmap \{"set":\[\[0,\{"goto":\{"target":"endpoint-${SERVICE}"\}\}\]\]\}`,
        leadsTo: `^goto endpoint-${SERVICE}$`,
      },
    ],
  },
  {
    id: "endpoint",
    chain: `^endpoint-${SERVICE}$`,
    rules: [
      String.raw`set \{"op":"update","elem":${literal(SOURCE)},"set":"@affinity-${SERVICE}"\}`,
      String.raw`meta l4proto ${PROTOCOL} dnat \{(?:"family":"ip6?",)?"addr":"${ADDRESS}","port":${PORT}\}`,
    ],
  },
  {
    id: "masquerading",
    chain: "masquerading",
    rules: [
      `${literal(`{"&":[${MARK},16384]}`)} != 0 ${CLEAR_MARK} ${MASQUERADE}`,
      `ct status dnat ${concat(SOURCE, DESTINATION, L4, TARGET_PORT)} @hairpin-connections ${MASQUERADE}`,
    ],
  },
];

/** What kube-proxy writes in its nftables mode, with the mark that it has unless told otherwise. pkg/proxy/nftables/proxier.go of Kubernetes. */
export const kubeProxyNftEntries: readonly AllowEntry[] = [...BASES, ...CHAINS].flatMap(({ id, chain, rules }) =>
  rules.map((one, index): AllowEntry => {
    const { rule, leadsTo } = typeof one === "string" ? { rule: one, leadsTo: undefined } : one;
    const name = chain.startsWith("^") ? chain.slice(1, -1) : chain;
    return {
      id: `kube-proxy-nft-${id}-${index + 1}`,
      families: ["ip", "ip6"],
      tables: ["kube-proxy"],
      chain,
      rule: `^add rule ${IP} kube-proxy ${name} ${rule}$`,
      ...(leadsTo === undefined ? {} : { leadsTo }),
      owner: "kube-proxy",
      why: "Connections to Services are translated by the stack, where the gate leaves them.",
      effectWhenBypassed: "kept",
    };
  }),
);

/** JSON as a pattern that fits it in either family. */
function literal(json: string): string {
  return json.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll('"ip"', '"ip6?"');
}

function concat(...parts: readonly string[]): string {
  return literal(`{"concat":[${parts.join(",")}]}`);
}
