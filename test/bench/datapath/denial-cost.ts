import { azureDestinationsPolicy } from "@hostrouting/policy";
import { denyTable, EMPTY_TABLE, type DenyRule, type DenyTable } from "../../../services/node-agent/src/policy/deny-table.ts";
import { readPolicy } from "../../../services/node-agent/src/policy/read-policy.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { countOf, withStatistics } from "./program-cost.ts";
import type { Figure } from "./report.ts";
import type { Variants } from "./variants.ts";

const VARIANT = "ours";
/** Of a run of from_pod, which takes some 200 ns. */
const USUAL_MAX_NS = 10;
const LOOKED_UP_MAX_NS = 100;

/** Rules that name the pods' own addresses: every packet is looked up, and none denied. */
const OF_PODS: DenyRule = { ranges: ["10.0.0.0/8"], ports: [{ protocol: "TCP", first: 25, last: 25 }] };

/**
 * What deny rules add to one run of from_pod: those that every AKS cluster has, and rules about the very addresses that pods talk to. With and
 * without them in turns; the least of all runs each, since whatever else the machine does only adds to it.
 */
export async function measureDenials(
  variants: Variants,
  generator: LoadGenerator,
  plan: { pairs: number; runMs: number },
): Promise<Figure[]> {
  const tables = { none: EMPTY_TABLE, azure: azureTable(), pods: tableOf([OF_PODS]) };
  const least = { none: Infinity, azure: Infinity, pods: Infinity };
  const network = variants.network(VARIANT);
  await withStatistics(async () => {
    for (let pair = 0; pair < plan.pairs; pair++)
      for (const name of ["none", "azure", "pods"] as const) {
        network.deny(1, tables[name]);
        least[name] = Math.min(least[name], await nsPerRun(variants, generator, plan.runMs));
      }
  });
  network.deny(1, EMPTY_TABLE);
  const figure = (what: string, ns: number, bound: number): Figure => ({ what, unit: "ns", value: ns - least.none, bound, sense: "most" });
  return [
    figure("added to a run of from_pod by the deny rules of an AKS cluster", least.azure, USUAL_MAX_NS),
    figure("the same by rules about pods' own addresses", least.pods, LOOKED_UP_MAX_NS),
  ];
}

async function nsPerRun(variants: Variants, generator: LoadGenerator, milliseconds: number): Promise<number> {
  const pin =
    variants
      .network(VARIANT)
      .programPins(1)
      .find(({ name }) => name === "from_pod")?.pin ?? "";
  const ends = variants.of("same node").find(({ name }) => name === VARIANT);
  if (!ends) throw new Error("our programs are not measured on one node");
  variants.beat();
  const before = countOf(pin);
  await generator.run({ traffic: "udp-rr", ...ends, milliseconds });
  const after = countOf(pin);
  return ((after.run_time_ns ?? 0) - (before.run_time_ns ?? 0)) / ((after.run_cnt ?? 0) - (before.run_cnt ?? 0));
}

function azureTable(): DenyTable {
  const read = readPolicy(azureDestinationsPolicy);
  if (!read || "fault" in read) throw new Error("the product's own policy is not understood");
  return tableOf(read.rules);
}

function tableOf(rules: readonly DenyRule[]): DenyTable {
  const worked = denyTable(rules);
  if ("fault" in worked) throw new Error(worked.fault);
  return worked.table;
}
