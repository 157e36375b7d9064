import { readdirSync } from "node:fs";
import path from "node:path";
import { BpfObject } from "@hostrouting/bpf-loader";
import type { Figure } from "./report.ts";
import { spreadOf } from "./statistics.ts";

const BUILD = path.join(import.meta.dirname, "../../../bpf/build");
const TURNS = 5;

/** Opening, verifying and loading every object of bpf/build, one after the other; the median of five turns. */
export function measureLoad(): Figure {
  const objects = readdirSync(BUILD).filter((name) => name.endsWith(".bpf.o"));
  if (objects.length === 0) throw new Error(`${BUILD} is empty: make -C bpf`);
  const turnsMs = Array.from({ length: TURNS }, () => {
    const startedAt = performance.now();
    for (const object of objects) BpfObject.load(path.join(BUILD, object)).close();
    return performance.now() - startedAt;
  });
  return { what: `load of all ${objects.length} objects`, unit: "ms", value: spreadOf(turnsMs).median, bound: 100, sense: "most" };
}
