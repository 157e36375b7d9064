import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decideMasquerade, type MasqueradeInputs } from "./decide-masquerade.ts";
import { RuleMemory, type KnownRules } from "./known-rules.ts";

const config = { ranges: ["10.0.0.0/8"], linkLocal: false, linkLocalV6: false };
const valid = { config, digest: "d", validity: { status: "True", reason: "Read", message: "" } } as const;
const neverValid = { config: undefined, digest: undefined, validity: { status: "False", reason: "Invalid", message: "x" } } as const;
const unread = { config: undefined, digest: undefined, validity: { status: "Unknown", reason: "NotReadYet", message: "" } } as const;
const rules: KnownRules = {
  4: { state: "present", kept: ["169.254.0.0/16", "10.0.0.0/8"] },
  6: { state: "present", kept: ["fe80::/10"] },
};
const inputs = (changes: Partial<MasqueradeInputs> = {}): MasqueradeInputs => ({
  asked: undefined,
  cluster: { podRanges: ["10.244.0.0/16", "fd00:244::/48"], ownRanges: ["10.244.1.0/24"], serviceRanges: ["10.96.0.0/16"] },
  config: valid,
  rules,
  services: [{ cluster: ["10.96.0.1"], outside: ["20.0.0.1"] }],
  hostPorts: [{ protocol: "TCP", port: 8443 }],
  ...changes,
});

describe("decideMasquerade", () => {
  it("masquerades in both families by default", () =>
    assert.deepEqual(decideMasquerade(inputs()), {
      wish: {
        enabled: true,
        outside: { native: ["10.0.0.0/8", "169.254.0.0/16", "fe80::/10"], doubtful: [], service: ["20.0.0.1/32"], families: [4, 6] },
        nodePorts: { first: 30_000, last: 32_767 },
        hostPorts: [{ protocol: "TCP", port: 8443 }],
      },
      config: valid,
      why: [],
    }));

  const cases: [string, Partial<MasqueradeInputs>, object][] = [
    [
      "NodePorts of its own",
      { asked: { nodePorts: "20000-22767" } },
      { wish: { enabled: true, nodePorts: { first: 20_000, last: 22_767 } } },
    ],
    [
      "off by order",
      { asked: { enabled: false } },
      { wish: { enabled: false, outside: { families: [4, 6] } }, why: ["HostRoutingConfig/default says that it is off."] },
    ],
    ["no rules", { rules: { 4: { state: "absent" }, 6: { state: "absent" } } }, { wish: { enabled: false, outside: { families: [] } } }],
    [
      "IPv4 rules only",
      { rules: { ...rules, 6: { state: "absent" } } },
      { wish: { enabled: true, outside: { families: [4] } }, why: ["This node has no rules that masquerade IPv6."] },
    ],
    [
      "foreign rules",
      { rules: { ...rules, 4: { state: "foreign", message: "x" } } },
      { wish: { enabled: true, outside: { families: [6] } }, why: ["Other rules translate IPv4 too: x."] },
    ],
    [
      "unreadable rules",
      { rules: { ...rules, 4: { state: "unknown", message: "x" } } },
      { why: ["The rules for IPv4 cannot be read: x."] },
    ],
    [
      "no valid configuration",
      { config: neverValid },
      { wish: { enabled: false, outside: undefined }, why: ["There is no valid masquerade configuration."] },
    ],
    ["configuration unread", { config: unread }, { wish: undefined, why: ["Configuration not known yet."] }],
    [
      "Services and pods unknown",
      { services: undefined, hostPorts: undefined },
      { wish: undefined, why: ["Services, pods not known yet."] },
    ],
    [
      "too many addresses",
      { services: [{ cluster: [], outside: Array.from({ length: 4000 }, (_, at) => `20.0.${at >> 8}.${at & 255}`) }] },
      { wish: { enabled: false, outside: undefined } },
    ],
  ];
  for (const [name, changes, expected] of cases)
    it(`decides for ${name}`, () => assert.partialDeepStrictEqual(decideMasquerade(inputs(changes)), expected));
});

describe("RuleMemory", () => {
  it("keeps what was known through four questions without an answer", () => {
    const memory = new RuleMemory();
    const silent: KnownRules = { 4: { state: "unknown", message: "busy" }, 6: { state: "absent" } };
    assert.equal(memory.known(), undefined);
    memory.take(rules);
    const states = Array.from({ length: 5 }, () => (memory.take(silent), memory.known()?.[4].state));
    assert.deepEqual(states, ["present", "present", "present", "present", "unknown"]);
    assert.equal(memory.known()?.[6].state, "absent");
    memory.take(rules);
    assert.deepEqual(memory.known(), rules);
  });
  it("takes the first answer whatever it is", () => {
    const memory = new RuleMemory();
    memory.take({ ...rules, 4: { state: "unknown", message: "busy" } });
    assert.equal(memory.known()?.[4].state, "unknown");
  });
});
