const SERVICES = 10;

/**
 * What kube-proxy and ip-masq-agent write, for iptables-restore, and in front of it `count` rules that every forwarded packet has to
 * be compared with and that match none.
 */
export function nodeRules(count: number): string {
  const unmatched = Array.from({ length: count }, (_, i) => `-A FORWARD -d 10.97.${i >> 8}.${i & 255}/32 -j DROP`);
  const services = Array.from({ length: SERVICES }, (_, i) => [
    `-A KUBE-SERVICES -d 10.96.0.${i + 10}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.201.1.3:8080`,
    `-A KUBE-SERVICES -d 10.96.0.${i + 10}/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.201.1.3:8080`,
  ]).flat();
  return [
    "*filter",
    ":KUBE-FORWARD - [0:0]",
    ...unmatched,
    "-A FORWARD -j KUBE-FORWARD",
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT",
    "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "COMMIT",
    "*nat",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-POSTROUTING - [0:0]",
    ":IP-MASQ-AGENT - [0:0]",
    "-A PREROUTING -j KUBE-SERVICES",
    "-A OUTPUT -j KUBE-SERVICES",
    "-A POSTROUTING -j KUBE-POSTROUTING",
    "-A POSTROUTING -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT",
    ...services,
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MASQUERADE --random-fully",
    "-A IP-MASQ-AGENT -d 10.200.0.0/24 -j RETURN",
    "-A IP-MASQ-AGENT -d 10.201.0.0/16 -j RETURN",
    "-A IP-MASQ-AGENT -j MASQUERADE --random-fully",
    "COMMIT",
    "",
  ].join("\n");
}
