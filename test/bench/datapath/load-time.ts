import path from "node:path";
import { BpfObject } from "@hostrouting/bpf-loader";
import type { Figure } from "./report.ts";
import { spreadOf } from "./statistics.ts";
import { OBJECTS, plainObjects } from "../../vm/load-objects.ts";

const TURNS = 5;

/** Opening, verifying and loading every object that this host takes, one after the other; the median of five turns. */
export function measureLoad(): Figure {
  const objects = plainObjects();
  if (objects.length === 0) throw new Error(`${OBJECTS} is empty: make -C bpf`);
  const turnsMs = Array.from({ length: TURNS }, () => {
    const startedAt = performance.now();
    for (const object of objects) BpfObject.load(path.join(OBJECTS, object)).close();
    return performance.now() - startedAt;
  });
  return { what: `load of all ${objects.length} objects`, unit: "ms", value: spreadOf(turnsMs).median, bound: 100, sense: "most" };
}
