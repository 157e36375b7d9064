import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { denyTable, type DenyRule } from "../policy/deny-table.ts";
import { probeTargets } from "./probe-target.ts";

const control = { address: "10.0.0.1", port: 443 };
const tcp = (ranges: string[], ...ports: number[]): DenyRule => ({
  ranges,
  ports: ports.map((port) => ({ protocol: "TCP", first: port, last: port })),
});
const WIRESERVER = "168.63.129.16/32";
const METADATA = "169.254.169.254/32";

describe("what a pod tries", () => {
  const cases: [what: string, rules: DenyRule[], names: string[]][] = [
    ["nothing without rules", [], []],
    ["nothing where the rules are about others", [tcp(["192.0.2.0/24"], 80)], []],
    ["nothing where other ports are denied", [tcp([WIRESERVER], 8080)], []],
    [
      "all of Azure's services that are denied, and what must stay",
      [tcp([WIRESERVER], 80, 32_526), tcp([METADATA], 80)],
      ["wireserver-80", "wireserver-32526", "metadata-80", "wireserver-dns", "control"],
    ],
    ["those of a wider range too", [tcp(["168.63.0.0/16"], 80)], ["wireserver-80", "wireserver-dns", "control"]],
    ["the metadata service alone", [tcp([METADATA], 80)], ["metadata-80", "control"]],
    [
      "no name service where that is denied as well",
      [{ ranges: [WIRESERVER], ports: [{ protocol: "Any", first: 0, last: 65_535 }] }],
      ["wireserver-80", "wireserver-32526", "control"],
    ],
  ];
  for (const [what, rules, names] of cases)
    it(what, () => {
      const worked = denyTable(rules);
      assert.ok("table" in worked);
      assert.deepEqual(
        probeTargets(worked.table, control).map(({ name }) => name),
        names,
      );
    });
});
