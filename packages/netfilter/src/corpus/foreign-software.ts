import { bothFamilies, dump, nftDump, type CorpusCase, type Tables } from "./corpus-case.ts";

type Software = { readonly name: string; readonly writer: string; readonly tables: Tables; readonly found: readonly string[] };

/** Programs that write rules which pods' packets pass. */
const SOFTWARE: readonly Software[] = [
  {
    name: "Azure network policy manager",
    writer: "azure-npm",
    tables: {
      filter: [
        "-A FORWARD -m conntrack --ctstate NEW -j AZURE-NPM",
        "-A AZURE-NPM -j AZURE-NPM-INGRESS",
        "-A AZURE-NPM -j AZURE-NPM-ACCEPT",
        '-A AZURE-NPM-INGRESS -m mark --mark 0x4000 -m comment --comment "DROP-ON-INGRESS-DROP-MARK-0x4000" -j DROP',
        "-A AZURE-NPM-ACCEPT -j ACCEPT",
      ],
    },
    found: ["-j AZURE-NPM", "DROP-ON-INGRESS"],
  },
  {
    name: "Calico",
    writer: "calico",
    tables: {
      filter: [
        '-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD',
        '-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch',
        '-A cali-from-wl-dispatch -m comment --comment "cali:zTj6P0TIgYvgz-md" -j DROP',
      ],
    },
    found: ["-j cali-FORWARD", "-A cali-from-wl-dispatch"],
  },
  {
    name: "Docker",
    writer: "docker",
    tables: {
      filter: [
        "-P FORWARD DROP",
        "-A FORWARD -j DOCKER-USER",
        "-A FORWARD -o docker0 -j DOCKER",
        "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
        "-A DOCKER ! -i docker0 -o docker0 -j DROP",
        "-A DOCKER-USER -j RETURN",
      ],
      nat: ["-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"],
    },
    found: ["-P FORWARD DROP", "-A DOCKER ! -i docker0", "172.17.0.0/16"],
  },
  {
    name: "Istio in ambient mode",
    writer: "istio-ambient",
    tables: {
      nat: [
        "-A POSTROUTING -j ISTIO_POSTRT",
        "-A ISTIO_POSTRT -p tcp -m owner --socket-exists -m set --match-set istio-inpod-probes-v4 dst -j SNAT --to-source 169.254.7.127",
      ],
    },
    found: ["-A ISTIO_POSTRT -p tcp", "-j ISTIO_POSTRT"],
  },
  {
    name: "Tailscale",
    writer: "tailscale",
    tables: {
      filter: [
        "-A INPUT -j ts-input",
        "-A FORWARD -j ts-forward",
        "-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000",
        "-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP",
        "-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN",
      ],
      nat: ["-A POSTROUTING -j ts-postrouting", "-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE"],
    },
    found: ["100.64.0.0/10", "--set-xmark 0x40000", "-A ts-postrouting"],
  },
  {
    name: "ufw",
    writer: "ufw",
    tables: {
      filter: [
        "-P FORWARD DROP",
        "-A FORWARD -j ufw-before-forward",
        "-A FORWARD -j ufw-reject-forward",
        "-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable",
      ],
    },
    found: ["-P FORWARD DROP", "-A ufw-reject-forward"],
  },
  {
    name: "CrowdSec over FORWARD",
    writer: "crowdsec",
    tables: { filter: ["-A FORWARD -m set --match-set crowdsec-blacklists src -j DROP"] },
    found: ["crowdsec-blacklists"],
  },
  {
    name: "fail2ban over FORWARD",
    writer: "fail2ban",
    tables: {
      filter: ["-A FORWARD -p tcp -m multiport --dports 22 -j f2b-sshd", "-A f2b-sshd -s 203.0.113.9/32 -j DROP", "-A f2b-sshd -j RETURN"],
    },
    found: ["203.0.113.9/32", "-j f2b-sshd"],
  },
  {
    name: "WireGuard by wg-quick",
    writer: "wireguard",
    tables: {
      nat: ["-A POSTROUTING -s 10.9.0.0/24 -o wg0 -j MASQUERADE"],
      mangle: ['-A POSTROUTING -p udp -m mark --mark 0xca6c -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --save-mark'],
    },
    found: ["-o wg0", "CONNMARK"],
  },
  {
    name: "a DaemonSet that redirects a port",
    writer: "custom-nat",
    tables: { nat: ["-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 15001"] },
    found: ["REDIRECT"],
  },
  {
    name: "a start-up script that keeps pods from a network",
    writer: "custom-filter",
    tables: { filter: ["-A FORWARD -s 10.244.0.0/16 -d 10.1.0.0/16 -j REJECT --reject-with icmp-net-prohibited"] },
    found: ["10.1.0.0/16"],
  },
];

const dirty = SOFTWARE.flatMap(({ name, writer, tables, found }): CorpusCase[] => [
  { name: `${name}, nft backend`, dumps: [dump(tables)], state: "Dirty", found, writer },
  { name: `${name}, legacy backend`, dumps: [dump(tables, "iptables-legacy-save")], state: "Dirty", found, writer },
  { name: `${name}, both families`, dumps: bothFamilies(tables), state: "Dirty", found, writer },
]);

const FIREWALLD = { family: "inet", table: "firewalld" };

/** Programs whose rules only the node's own packets pass, and programs that use nft by itself. */
const others: readonly CorpusCase[] = [
  {
    name: "fail2ban over INPUT",
    dumps: [
      dump({
        filter: ["-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd", "-A f2b-sshd -s 203.0.113.9/32 -j DROP", "-A f2b-sshd -j RETURN"],
      }),
    ],
    state: "Clean",
    classes: { Unaffected: 3 },
  },
  {
    name: "CrowdSec over INPUT",
    dumps: bothFamilies({ filter: ["-A INPUT -m set --match-set crowdsec-blacklists src -j DROP"] }),
    state: "Clean",
    classes: { Unaffected: 2 },
  },
  {
    name: "hardening of INPUT with a policy",
    dumps: [dump({ filter: ["-P INPUT DROP", "-A INPUT -i lo -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"] })],
    state: "Clean",
    classes: { Unaffected: 3 },
  },
  {
    name: "firewalld",
    dumps: [
      nftDump(
        { table: { family: "inet", name: "firewalld", handle: 7 } },
        { chain: { ...FIREWALLD, name: "filter_FORWARD", handle: 1, type: "filter", hook: "forward", prio: 10, policy: "accept" } },
        { chain: { ...FIREWALLD, name: "filter_FORWARD_IN_ZONES", handle: 2 } },
        { rule: { ...FIREWALLD, chain: "filter_FORWARD", handle: 3, expr: [{ jump: { target: "filter_FORWARD_IN_ZONES" } }] } },
        { rule: { ...FIREWALLD, chain: "filter_FORWARD", handle: 4, expr: [{ reject: { type: "icmpx", expr: "admin-prohibited" } }] } },
      ),
    ],
    state: "Dirty",
    classes: { Inert: 1, Bypassed: 1 },
    found: ["admin-prohibited"],
    writer: "firewalld",
  },
];

/** What other people's software writes. */
export const foreignSoftware: readonly CorpusCase[] = [...dirty, ...others];
