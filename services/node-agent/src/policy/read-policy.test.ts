import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { azureDestinationsPolicy } from "@hostrouting/policy";
import { readPolicy } from "./read-policy.ts";

const metadata = { name: "p", generation: 7 };
const base = { endpointSelector: {}, enableDefaultDeny: { ingress: false, egress: false } };
const rule = { toCIDR: ["192.0.2.0/24"], toPorts: [{ ports: [{ port: "80", protocol: "TCP" }] }] };
const spec = { ...base, egressDeny: [rule] };
const withRule = (changes: object): object => ({ ...base, egressDeny: [{ ...rule, ...changes }] });
const withPort = (port: object): object => withRule({ toPorts: [{ ports: [port] }] });
const tcp80 = { protocol: "TCP", first: 80, last: 80 };

describe("a policy that is understood", () => {
  const cases: [what: string, object: object, rules: object[]][] = [
    ["spec", { spec }, [{ ranges: ["192.0.2.0/24"], ports: [tcp80] }]],
    [
      "specs",
      { specs: [spec, withRule({ toCIDR: ["2001:DB8:0:0::/32"] })] },
      [
        { ranges: ["192.0.2.0/24"], ports: [tcp80] },
        { ranges: ["2001:db8::/32"], ports: [tcp80] },
      ],
    ],
    [
      "both",
      { spec, specs: [spec] },
      [
        { ranges: ["192.0.2.0/24"], ports: [tcp80] },
        { ranges: ["192.0.2.0/24"], ports: [tcp80] },
      ],
    ],
    [
      "a selector that is empty in all its parts",
      { spec: { ...spec, endpointSelector: { matchLabels: {}, matchExpressions: [] } } },
      [{ ranges: ["192.0.2.0/24"], ports: [tcp80] }],
    ],
    [
      "no ports: everything",
      { spec: withRule({ toPorts: undefined }) },
      [{ ranges: ["192.0.2.0/24"], ports: [{ protocol: "Any", first: 0, last: 65_535 }] }],
    ],
    [
      "a range of ports",
      { spec: withPort({ port: "8000", endPort: 8099, protocol: "UDP" }) },
      [{ ranges: ["192.0.2.0/24"], ports: [{ protocol: "UDP", first: 8000, last: 8099 }] }],
    ],
    [
      "endPort 0, which Cilium writes for none",
      { spec: withPort({ port: "80", endPort: 0, protocol: "TCP" }) },
      [{ ranges: ["192.0.2.0/24"], ports: [tcp80] }],
    ],
    [
      "port 0: all of them",
      { spec: withPort({ port: "0", protocol: "SCTP" }) },
      [{ ranges: ["192.0.2.0/24"], ports: [{ protocol: "SCTP", first: 0, last: 65_535 }] }],
    ],
    [
      "no protocol: each that has ports",
      { spec: withPort({ port: "53" }) },
      [{ ranges: ["192.0.2.0/24"], ports: ["TCP", "UDP", "SCTP"].map((protocol) => ({ protocol, first: 53, last: 53 })) }],
    ],
    [
      "several lists",
      {
        spec: withRule({
          toPorts: [
            { ports: [{ port: "1", protocol: "TCP" }] },
            {
              ports: [
                { port: "2", protocol: "TCP" },
                { port: "3", protocol: "UDP" },
              ],
            },
          ],
        }),
      },
      [
        {
          ranges: ["192.0.2.0/24"],
          ports: [
            { protocol: "TCP", first: 1, last: 1 },
            { protocol: "TCP", first: 2, last: 2 },
            { protocol: "UDP", first: 3, last: 3 },
          ],
        },
      ],
    ],
  ];
  for (const [what, object, rules] of cases)
    it(what, () => assert.deepEqual(readPolicy(JSON.parse(JSON.stringify({ metadata, ...object }))), { name: "p", generation: 7, rules }));

  it("the one that the product writes", () => {
    assert.deepEqual(readPolicy(azureDestinationsPolicy), {
      name: "block-azure-destinations",
      generation: 0,
      rules: [
        { ranges: ["168.63.129.16/32"], ports: [tcp80, { protocol: "TCP", first: 32_526, last: 32_526 }] },
        { ranges: ["169.254.169.254/32"], ports: [tcp80] },
      ],
    });
  });
});

describe("a policy that is refused whole, with the place", () => {
  const cases: [object: object, fault: string][] = [
    [{}, "has neither spec nor specs"],
    [{ spec: [] }, "spec is no object"],
    [{ specs: {} }, "specs is no list"],
    [{ specs: [spec, 5] }, "specs[1] is no object"],
    [{ spec: { ...spec, nodeSelector: {} } }, "spec.nodeSelector is nothing that this agent can enforce"],
    [{ spec: { ...spec, ingressDeny: [{}] } }, "spec.ingressDeny is nothing that this agent can enforce"],
    [{ spec: { ...spec, egress: [{}] } }, "spec.egress is nothing that this agent can enforce"],
    [{ spec: { egressDeny: [rule], enableDefaultDeny: { egress: false } } }, "spec.endpointSelector is no object"],
    [{ spec: { ...spec, endpointSelector: { matchLabels: { app: "x" } } } }, "spec.endpointSelector selects some pods only"],
    [{ spec: { ...spec, enableDefaultDeny: {} } }, "spec.enableDefaultDeny.egress is not false"],
    [{ spec: { ...spec, enableDefaultDeny: undefined } }, "spec.enableDefaultDeny.egress is not false"],
    [{ spec: base }, "spec.egressDeny is no list"],
    [{ spec: { ...base, egressDeny: [] } }, "spec.egressDeny is empty"],
    [{ spec: withRule({ toFQDNs: [] }) }, "spec.egressDeny[0].toFQDNs is nothing that this agent can enforce"],
    [{ spec: withRule({ icmps: [] }) }, "spec.egressDeny[0].icmps is nothing that this agent can enforce"],
    [{ spec: withRule({ toCIDR: [] }) }, "spec.egressDeny[0].toCIDR is empty"],
    [
      { spec: withRule({ toCIDR: ["192.0.2.1/24"] }) },
      "spec.egressDeny[0].toCIDR[0]: 192.0.2.1/24 has bits set behind its length (192.0.2.0/24 has not)",
    ],
    [{ spec: withRule({ toCIDR: [7] }) }, 'spec.egressDeny[0].toCIDR[0]: "7" is no address range'],
    [{ spec: withRule({ toPorts: [] }) }, "spec.egressDeny[0].toPorts is empty"],
    [
      { spec: withRule({ toPorts: [{ ports: [], rules: {} }] }) },
      "spec.egressDeny[0].toPorts[0].rules is nothing that this agent can enforce",
    ],
    [{ spec: withRule({ toPorts: [{ ports: [] }] }) }, "spec.egressDeny[0].toPorts[0].ports is empty"],
    [{ spec: withPort({ port: "http" }) }, 'spec.egressDeny[0].toPorts[0].ports[0].port "http" is no port\'s number'],
    [{ spec: withPort({ port: 80 }) }, "spec.egressDeny[0].toPorts[0].ports[0].port 80 is no port's number"],
    [{ spec: withPort({ port: "65536" }) }, 'spec.egressDeny[0].toPorts[0].ports[0].port "65536" is no port\'s number'],
    [
      { spec: withPort({ port: "80", endPort: 79 }) },
      "spec.egressDeny[0].toPorts[0].ports[0].endPort 79 does not end a range that begins with 80",
    ],
    [{ spec: withPort({ port: "8", protocol: "ICMP" }) }, 'spec.egressDeny[0].toPorts[0].ports[0].protocol "ICMP" has no ports'],
    [{ spec: withPort({ port: "\u001b[2J" }) }, String.raw`spec.egressDeny[0].toPorts[0].ports[0].port "\u001b[2J" is no port's number`],
    [{ spec: { ...spec, "\u202eegress": 1 } }, String.raw`spec.\u{202e}egress is nothing that this agent can enforce`],
  ];
  for (const [object, fault] of cases)
    it(fault, () => assert.deepEqual(readPolicy(JSON.parse(JSON.stringify({ metadata, ...object }))), { name: "p", generation: 7, fault }));
});

it("what is no object of Kubernetes is none of ours", () => {
  for (const object of [undefined, null, 5, "x", [], {}, { metadata: {} }, { metadata: { name: 5 } }])
    assert.equal(readPolicy(object), undefined);
});
