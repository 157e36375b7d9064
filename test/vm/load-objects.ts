import { readdirSync } from "node:fs";
import path from "node:path";
import { BpfObject } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import type { ObjectReport } from "./guest/report.ts";
import type { ObjectCosts } from "./instruction-budget.ts";

/** Where `make -C bpf` puts the objects. */
export const OBJECTS = path.join(import.meta.dirname, "../../bpf/build");

/** Loads every built object into the running kernel, one after the other, and says how each fared. Nothing stays loaded. */
export function loadObjects(): ObjectReport[] {
  return readdirSync(OBJECTS)
    .filter((name) => name.endsWith(".bpf.o"))
    .sort((a, b) => a.localeCompare(b))
    .map(loadOne);
}

/** The figures of those objects that were loaded. */
export function costsOf(reports: readonly ObjectReport[]): ObjectCosts {
  return Object.fromEntries(reports.filter(({ refusal }) => refusal === undefined).map(({ object, programs }) => [object, programs]));
}

function loadOne(object: string): ObjectReport {
  const begun = performance.now();
  try {
    const loaded = BpfObject.load(path.join(OBJECTS, object));
    const loadMs = performance.now() - begun;
    const programs = Object.fromEntries(
      loaded.programNames().map((name) => {
        const { verifiedInstructions: verified, instructions: translated } = loaded.program(name);
        return [name, { verified, translated }];
      }),
    );
    loaded.close();
    return { object, loadMs, programs };
  } catch (error) {
    return { object, loadMs: performance.now() - begun, programs: {}, refusal: explain(error) };
  }
}
