import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reading } from "./judge-preconditions.ts";
import { judgeSurroundings, type SurroundingReadings } from "./judge-surroundings.ts";
import { sampleFlows } from "./read-surroundings.ts";

const read = (text: string): Reading => ({ kind: "read", text });
const absent = { kind: "absent" } as const;
const unknown = { kind: "unknown", because: "EACCES" } as const;
/** /etc/cni/net.d of an AKS node with Azure CNI powered by Cilium, and of one whose plugin makes veths and maps host ports. */
const AZURE = `{"cniVersion":"0.3.0","name":"azure","plugins":[{"type":"azure-vnet","mode":"transparent","ipam":{"type":"azure-cns"}},
  {"type":"portmap","capabilities":{"portMappings":true},"snat":true}]}`;
const MULTUS = `{"cniVersion":"0.3.1","name":"multus-cni-network","type":"multus","delegates":[]}`;
const MODULES = `xt_set 20480 %USES% - Live 0x0000000000000000
ip_set 65536 1 xt_set, Live 0x0000000000000000
nf_tables 372736 1216 nft_compat, Live 0x0000000000000000
`;
const modules = (uses: number, ...more: string[]): Reading => read([...more, MODULES.replace("%USES%", String(uses))].join("\n"));
const files = (...all: (readonly [name: string, text: string])[]): SurroundingReadings["network"] => ({
  kind: "read",
  files: all.map(([name, text]) => ({ name, text })),
});
const good: SurroundingReadings = {
  lockdown: read("[none] integrity confidentiality\n"),
  network: files(["10-azure.conflist", AZURE]),
  arpTables: absent,
  modules: modules(0),
  flows: { kind: "read", flows: 1_200, busiest: { destination: "20.0.0.1 port 443 (protocol 6)", flows: 300 } },
  flowsMax: 131_072,
};
const busiest = (flows: number): SurroundingReadings => ({
  ...good,
  flows: { kind: "read", flows: 19_000, busiest: { destination: "20.0.0.1 port 443 (protocol 6)", flows } },
});

const table: readonly (readonly [what: string, seen: SurroundingReadings, others: readonly string[]])[] = [
  ["an ordinary node", good, []],
  ["locked down for integrity", { ...good, lockdown: read("none [integrity] confidentiality\n") }, []],
  ["locked down for confidentiality", { ...good, lockdown: read("none integrity [confidentiality]\n") }, ["Lockdown Failed"]],
  ["a lockdown that marks nothing", { ...good, lockdown: read("none integrity\n") }, ["Lockdown Unknown"]],
  ["a lockdown that cannot be read", { ...good, lockdown: unknown }, ["Lockdown Unknown"]],
  ["Multus in front", { ...good, network: files(["10-azure.conflist", AZURE], ["00-multus.conf", MULTUS]) }, ["NetworkPlugins Failed"]],
  ["a file of Multus that comes later", { ...good, network: files(["10-azure.conflist", AZURE], ["99-multus.conf", MULTUS]) }, []],
  ["a file that is no configuration", { ...good, network: files(["10-azure.conflist", AZURE], ["00-multus.conf.bak", MULTUS]) }, []],
  ["a configuration that is no JSON", { ...good, network: files(["10-azure.conflist", "plugins:"]) }, ["NetworkPlugins Unknown"]],
  ["a folder that cannot be read", { ...good, network: unknown }, ["NetworkPlugins Unknown"]],
  ["tables of arptables", { ...good, arpTables: read("filter\n") }, ["OtherFilters Failed"]],
  ["no tables of arptables", { ...good, arpTables: read("") }, []],
  ["tables of ebtables", { ...good, modules: modules(0, "ebtable_nat 16384 1 - Live 0x0") }, ["OtherFilters Failed"]],
  ["ebtables without tables", { ...good, modules: modules(0, "ebtables 45056 0 - Live 0x0") }, []],
  ["rules that match sets", { ...good, modules: modules(2) }, ["OtherFilters Failed"]],
  ["modules that cannot be read", { ...good, modules: unknown }, ["OtherFilters Unknown"]],
  ["modules that cannot be read beside arptables", { ...good, modules: unknown, arpTables: read("filter") }, ["OtherFilters Failed"]],
  ["half of the ports in use", busiest(16_384), []],
  ["more than half of the ports in use", busiest(16_385), ["SourcePorts Failed"]],
  ["three quarters of the table", { ...good, flows: { kind: "counted", flows: 98_304 } }, ["SourcePorts Unknown"]],
  ["more than the table takes well", { ...good, flows: { kind: "counted", flows: 98_305 } }, ["SourcePorts Unknown", "TableSizes Failed"]],
  ["conntrack that does not answer", { ...good, flows: unknown }, ["SourcePorts Unknown", "TableSizes Unknown"]],
];

for (const [what, seen, others] of table)
  test(`surroundings: ${what}`, () => {
    const judged = judgeSurroundings(seen);
    assert.deepEqual(
      judged.filter(({ outcome }) => outcome !== "Passed").map(({ name, outcome }) => `${name} ${outcome}`),
      others,
    );
    assert.ok(judged.every(({ outcome, message }) => (outcome === "Passed") === (message === "")));
  });

test("what a node does not have is not told", () => {
  const bare: SurroundingReadings = { ...good, lockdown: absent, network: absent, modules: absent };
  const named = (seen: SurroundingReadings): string[] => judgeSurroundings(seen).map(({ name }) => name);
  assert.deepEqual(named(bare), ["OtherFilters", "SourcePorts", "TableSizes"]);
  assert.deepEqual(named({ ...bare, network: files() }), named(bare), "an empty folder is none");
});

const flow = ([source, node]: readonly [string, string], port: number): Parameters<typeof sampleFlows>[0][number] => ({
  original: { protocol: 6, source, sourcePort: port, destination: "20.0.0.1", destinationPort: 443 },
  reply: { protocol: 6, source: "20.0.0.1", sourcePort: 443, destination: node, destinationPort: port },
  status: node === source ? 0xe : 0x1e,
  timeoutSeconds: 118,
  mark: 0,
  zone: 0,
});

test("flows are counted by the address and the destination that they share, translated ones only", () => {
  const entries = [
    flow(["10.244.1.5", "10.0.0.4"], 1_024),
    flow(["10.244.1.6", "10.0.0.4"], 1_025),
    flow(["10.244.1.6", "10.0.0.5"], 1_026),
    flow(["10.0.0.4", "10.0.0.4"], 1_027),
  ];
  assert.deepEqual(sampleFlows(entries), {
    flows: 4,
    busiest: { destination: "20.0.0.1 port 443 (protocol 6)", flows: 2 },
  });
  assert.deepEqual(sampleFlows([]), { flows: 0, busiest: undefined });
});
