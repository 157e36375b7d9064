import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writerOf, type WrittenRule } from "./known-writers.ts";
import { knownWriters } from "./writer-catalogue.ts";

type Sign = Partial<WrittenRule> & { readonly text: string };

/** At least one rule for every writer of the catalogue. */
const RULES: readonly [id: string | undefined, rule: Sign][] = [
  ["azure-npm", { chain: "AZURE-NPM-INGRESS", text: "-A AZURE-NPM-INGRESS -j DROP" }],
  ["azure-npm", { chain: "FORWARD", text: "-A FORWARD -j AZURE-NPM" }],
  ["calico", { chain: "cali-FORWARD", text: "-A cali-FORWARD -j DROP" }],
  ["istio-ambient", { table: "nat", chain: "ISTIO_POSTRT", text: "-A ISTIO_POSTRT -j RETURN" }],
  ["docker", { chain: "FORWARD", text: "-A FORWARD -j DOCKER-USER" }],
  ["tailscale", { chain: "ts-forward", text: "-A ts-forward -j DROP" }],
  ["crowdsec", { chain: "INPUT", text: "-A INPUT -j CROWDSEC_CHAIN" }],
  ["crowdsec", { table: "crowdsec", chain: "x", text: "add rule ip crowdsec x drop" }],
  ["fail2ban", { chain: "f2b-sshd", text: "-A f2b-sshd -j RETURN" }],
  ["firewalld", { table: "firewalld", chain: "x", text: "add rule inet firewalld x drop" }],
  ["ufw", { chain: "ufw6-before-forward", text: "-A ufw6-before-forward -j DROP" }],
  ["wireguard", { table: "nat", chain: "POSTROUTING", text: "-A POSTROUTING -o wg0 -j MASQUERADE" }],
  ["azure-slb-probe", { family: "ip6", table: "azureSLBProbe", chain: "x", text: "add rule ip6 azureSLBProbe x accept" }],
  ["aks-wireserver", { chain: "FORWARD", text: "-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 81 -j DROP" }],
  ["aks-imds", { chain: "FORWARD", text: "-A FORWARD -j DROP", comment: "AKS managed: added by AgentBaker for something" }],
  ["waagent", { table: "security", chain: "OUTPUT", text: "-A OUTPUT -d 168.63.129.16/32 -j DROP" }],
  ["localdns", { table: "raw", chain: "OUTPUT", text: "-A OUTPUT -d 169.254.10.10/32 -j CT --zone 1" }],
  ["node-local-dns", { table: "raw", chain: "OUTPUT", text: "-A OUTPUT -d 169.254.20.10/32 -j NOTRACK" }],
  ["azure-cns", { table: "nat", chain: "SWIFT", text: "-A SWIFT -j MASQUERADE" }],
  ["cilium", { chain: "CILIUM_FORWARD", text: "-A CILIUM_FORWARD -j DROP" }],
  ["custom-filter", { chain: "FORWARD", text: "-A FORWARD -m comment --comment cilium: -j DROP", comment: "cilium:" }],
  ["ip-masq-agent", { table: "nat", chain: "IP-MASQ-AGENT", text: "-A IP-MASQ-AGENT -j ACCEPT" }],
  ["kubelet", { chain: "KUBE-FIREWALL", text: "-A KUBE-FIREWALL -j DROP" }],
  ["kube-proxy", { table: "nat", chain: "KUBE-SVC-X", text: "-A KUBE-SVC-X -j DROP" }],
  ["cni", { table: "nat", chain: "CNI-DN-X", text: "-A CNI-DN-X -j DROP" }],
  [
    "aznfs",
    {
      table: "nat",
      chain: "OUTPUT",
      text: "-A OUTPUT -d 10.161.100.1/32 -p tcp -m tcp --dport 2048 -j DNAT --to-destination 20.60.1.2:111",
    },
  ],
  ["custom-nat", { table: "nat", chain: "PREROUTING", text: "-A PREROUTING -p tcp -j REDIRECT --to-ports 15001" }],
  ["custom-filter", { chain: "FORWARD", text: "-P FORWARD DROP" }],
  [undefined, { table: "mangle", chain: "PREROUTING", text: "-A PREROUTING -j MARK --set-xmark 0x1/0x1" }],
];

describe("who writes", () => {
  for (const [id, { text, ...more }] of RULES)
    test(`${text}: ${id ?? "nobody known"}`, () =>
      assert.equal(writerOf({ family: "ip", table: "filter", chain: "", text, ...more })?.id, id));

  test("every writer has a rule here", () => {
    const tried = new Set(RULES.map(([id]) => id));
    assert.deepEqual(
      knownWriters.filter(({ id }) => !tried.has(id)).map(({ id }) => id),
      [],
    );
  });
  test("whoever is not allowed has a remedy", () => {
    for (const { id, verdict, remedy } of knownWriters) assert.equal(remedy === "", verdict === "Allowed", id);
  });
});
