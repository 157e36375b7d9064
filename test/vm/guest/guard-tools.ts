import { writeFileSync } from "node:fs";
import type { Session } from "./guard-session.ts";

const NFT = "/sbin/xtables-nft-multi";
const LEGACY = "/sbin/xtables-legacy-multi";

const TOOLS: readonly (readonly [name: string, command: string])[] = [
  ["iptables-nft -A", `${NFT} iptables -A FORWARD -d 10.9.8.7 -p tcp --dport 80 -m comment --comment evade -j DROP`],
  ["ip6tables-nft -A", `${NFT} ip6tables -A FORWARD -d fd00::7 -j DROP`],
  ["iptables-nft -P", `${NFT} iptables -P FORWARD DROP`],
  ["iptables-nft-restore", `${NFT} iptables-restore -n /tmp/restore`],
  ["iptables-nft -F", `${NFT} iptables -F FORWARD`],
  ["iptables-legacy -A", `${LEGACY} iptables -A FORWARD -d 10.9.8.7 -j DROP`],
  ["ip6tables-legacy -A", `${LEGACY} ip6tables -A FORWARD -d fd00::7 -j DROP`],
  ["arptables-nft -A", `${NFT} arptables -A INPUT -s 10.9.8.7 -j DROP`],
  ["ebtables-nft -A", `${NFT} ebtables -A FORWARD -s 02:00:00:00:00:01 -j DROP`],
  ["nft -f", "/sbin/nft -f /tmp/several.nft"],
  ["iptables-nft -S", `${NFT} iptables -S`],
  ["ip6tables-nft -S", `${NFT} ip6tables -S`],
  ["iptables-nft -t nat -L", `${NFT} iptables -t nat -L -n -v`],
  ["iptables-nft-save", `${NFT} iptables-save`],
  ["ip6tables-nft-save", `${NFT} ip6tables-save`],
  ["arptables-nft -L", `${NFT} arptables -L`],
  ["ebtables-nft -L", `${NFT} ebtables -L`],
  ["iptables-legacy -S", `${LEGACY} iptables -S`],
  ["ip6tables-legacy -S", `${LEGACY} ip6tables -S`],
  ["iptables-legacy-save", `${LEGACY} iptables-save`],
  ["nft list", "/sbin/nft list ruleset"],
  ["nft -j list", "/sbin/nft -j list ruleset"],
  ["ip rule", "/bin/sh -c '/sbin/ip rule add from 10.9.8.7 table 100 && /sbin/ip rule del from 10.9.8.7 table 100'"],
  ["ip route", "/bin/sh -c '/sbin/ip route add blackhole 10.9.8.7 && /sbin/ip route del blackhole 10.9.8.7'"],
  ["ip xfrm", "/bin/sh -c '/sbin/ip xfrm policy add src 10.9.8.7 dst 10.9.8.8 dir out action block && /sbin/ip xfrm policy deleteall'"],
  [
    "tc filter",
    "/bin/sh -c '/sbin/tc qdisc add dev lo clsact && /sbin/tc filter add dev lo ingress matchall action drop && /sbin/tc qdisc del dev lo clsact'",
  ],
  ["sysctl", "/bin/sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'"],
];

/** The tools that people use: to write rules, to list them, and for what is none of the packet filter's. */
export function everyTool(session: Session): void {
  writeFileSync("/tmp/restore", "*filter\n:EVADE - [0:0]\n-A EVADE -j DROP\n-A FORWARD -j EVADE\nCOMMIT\n");
  writeFileSync(
    "/tmp/several.nft",
    "table inet tools {\n chain one {\n  tcp dport 80 drop\n }\n chain two {\n  type filter hook forward priority 0\n  jump one\n }\n}\n",
  );
  session.set();
  for (const [name, command] of TOOLS) session.attempt("tool", name, { command });
}
