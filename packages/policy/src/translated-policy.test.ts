import assert from "node:assert/strict";
import { test } from "node:test";
import { azureDestinationsPolicy } from "./azure-destinations.ts";
import { missingDenials } from "./missing-denials.ts";
import { judge, PLACE, rulesOf, translate } from "./testing/translate-text.ts";
import { translatedPolicy } from "./translated-policy.ts";

const IMDS =
  '-A FORWARD ! -s 10.224.0.4/32 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -m comment --comment "AKS managed: added by AgentBaker ensureIMDSRestriction for IMDS restriction feature" -j DROP';
const wireserver = (port: string): string => `-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport ${port} -j DROP`;
const AKS = [wireserver("80"), wireserver("32526"), IMDS];

test("the wireserver and metadata rules of AKS become a policy that denies nothing else, default deny off", () => {
  assert.deepEqual(translatedPolicy("from-rules", translate(rulesOf("filter", AKS))), {
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: "from-rules", labels: { "app.kubernetes.io/managed-by": "acns-hostrouting" } },
    spec: {
      description: "Made from packet filter rules that host routing passes by.",
      endpointSelector: {},
      enableDefaultDeny: { ingress: false, egress: false },
      egressDeny: [
        { toCIDR: ["168.63.129.16/32"], toPorts: [{ ports: [{ port: "80", protocol: "TCP" }] }] },
        { toCIDR: ["168.63.129.16/32"], toPorts: [{ ports: [{ port: "32526", protocol: "TCP" }] }] },
        { toCIDR: ["169.254.169.254/32"], toPorts: [{ ports: [{ port: "80", protocol: "TCP" }] }] },
      ],
    },
  });
});

test("the shipped policy denies wireserver 80 and 32526 and the metadata service, for all pods, and leaves port 53 alone", () => {
  assert.deepEqual(azureDestinationsPolicy, {
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: "block-azure-destinations", labels: { "app.kubernetes.io/managed-by": "acns-hostrouting" } },
    spec: {
      description: "Azure's wireserver and metadata service are for nodes, not for pods.",
      endpointSelector: {},
      enableDefaultDeny: { ingress: false, egress: false },
      egressDeny: [
        {
          toCIDR: ["168.63.129.16/32"],
          toPorts: [
            {
              ports: [
                { port: "80", protocol: "TCP" },
                { port: "32526", protocol: "TCP" },
              ],
            },
          ],
        },
        { toCIDR: ["169.254.169.254/32"], toPorts: [{ ports: [{ port: "80", protocol: "TCP" }] }] },
      ],
    },
  });
});

test("a rule that stands twice is denied once; more than forty ports are several lists; all ports are a range", () => {
  const one = "-A FORWARD -d 203.0.113.0/24 -j DROP";
  const many = Array.from({ length: 41 }, (_, at) => at + 1).join(",");
  const policy = translatedPolicy(
    "p",
    translate(
      rulesOf("filter", [
        one,
        one,
        `-A FORWARD -s 192.0.2.0/24 -p tcp -m multiport --dports ${many} -j DROP`,
        "-A FORWARD -s 192.0.2.0/24 -p udp -j DROP",
        "-A FORWARD -d 203.0.113.0/24 -p icmp -m icmp --icmp-type 8 -j DROP",
      ]),
    ),
  );
  assert.deepEqual(policy?.spec.egressDeny, [
    { toCIDR: ["203.0.113.0/24"] },
    { toCIDR: ["203.0.113.0/24"], icmps: [{ fields: [{ family: "IPv4", type: 8 }] }] },
  ]);
  assert.deepEqual(
    policy.spec.ingressDeny?.map(({ toPorts }) => toPorts?.map(({ ports }) => ports.length)),
    [[40, 1], [1]],
  );
  assert.deepEqual(policy.spec.ingressDeny?.[1]?.toPorts, [{ ports: [{ port: "1", endPort: 65_535, protocol: "UDP" }] }]);
});

test("without a rule that can be said there is no policy: Cilium takes none without rules", () => {
  assert.equal(translatedPolicy("p", translate(rulesOf("filter", ["-A FORWARD -j DROP"]))), undefined);
});

const coverage: readonly (readonly [name: string, rules: readonly string[], missing: readonly string[]])[] = [
  ["AKS' own rules deny all that the policy denies", AKS, []],
  ["a rule that is gone is missed", [wireserver("80"), IMDS], ["tcp 168.63.129.16/32 32526"]],
  [
    "wider rules do as well",
    ["-A FORWARD -d 168.63.129.0/24 -j DROP", "-A FORWARD -d 169.254.0.0/16 -p tcp -m tcp --dport 1:1024 -j REJECT"],
    [],
  ],
  [
    "another protocol does not",
    [wireserver("80"), wireserver("32526"), IMDS.replace("-p tcp -m tcp", "-p udp -m udp")],
    ["tcp 169.254.169.254/32 80"],
  ],
  [
    "a rule behind an exception does not",
    ["-A FORWARD -d 168.63.129.16/32 -j ACCEPT", ...AKS],
    ["tcp 168.63.129.16/32 80", "tcp 168.63.129.16/32 32526"],
  ],
  [
    "a rule behind a condition does not",
    ["-A FORWARD -i eth0 -j X", ...AKS.slice(0, 2), IMDS.replace("FORWARD", "X")],
    ["tcp 169.254.169.254/32 80"],
  ],
  ["an exemption of the node's own address is none", AKS, []],
  [
    "an exemption of another address is one",
    [wireserver("80"), wireserver("32526"), IMDS.replace("10.224.0.4", "10.224.0.99")],
    ["tcp 169.254.169.254/32 80"],
  ],
  ["no rules at all: everything is missed", [], ["tcp 168.63.129.16/32 80", "tcp 168.63.129.16/32 32526", "tcp 169.254.169.254/32 80"]],
];

for (const [name, rules, missing] of coverage)
  test(`a node's own denials: ${name}`, () => {
    assert.deepEqual(missingDenials(azureDestinationsPolicy, judge(rulesOf("filter", rules)), PLACE.nodeAddresses), missing);
  });

test("a table that sleeps denies nothing", () => {
  const asleep = judge(rulesOf("filter", AKS)).map((one) => ({ ...one, table: { ...one.table, dormant: true } }));
  assert.equal(missingDenials(azureDestinationsPolicy, asleep, PLACE.nodeAddresses).length, 3);
});

test("a denial of everything is covered by a rule for everything only", () => {
  const all = translatedPolicy("p", translate(rulesOf("filter", ["-A FORWARD -d 203.0.113.0/24 -j DROP"])));
  assert.ok(all);
  assert.deepEqual(missingDenials(all, judge(rulesOf("filter", ["-A FORWARD -d 203.0.113.0/24 -p tcp -j DROP"])), []), [
    "all 203.0.113.0/24",
  ]);
  assert.deepEqual(missingDenials(all, judge(rulesOf("filter", ["-A FORWARD -d 203.0.0.0/16 -j DROP"])), []), []);
});
