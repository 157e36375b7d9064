import { readdirSync } from "node:fs";
import path from "node:path";
import { BpfObject, type ObjectSettings } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import { gateConstants, type GateVariant } from "../../services/node-agent/src/host-routing/gate-variant.ts";
import { GUARD_OBJECTS } from "../../services/node-agent/src/guard/guard-programs.ts";
import type { ObjectReport } from "./guest/report.ts";
import type { ObjectCosts } from "./instruction-budget.ts";

/** Where `make -C bpf` puts the objects. */
export const OBJECTS = path.join(import.meta.dirname, "../../bpf/build");

/** The programs of the fast path, and the only object whose constants depend on the kernel. */
export const HOST_ROUTING = "host_routing.bpf.o";

/** Every built object. */
export function allObjects(): string[] {
  return readdirSync(OBJECTS)
    .filter((name) => name.endsWith(".bpf.o"))
    .sort((a, b) => a.localeCompare(b));
}

/** Those that any kernel of ours takes. What refuses needs the right to, which some hosts give to nobody: guests try that. */
export function plainObjects(): string[] {
  const refusing: readonly string[] = Object.values(GUARD_OBJECTS);
  return allObjects().filter((name) => !refusing.includes(name));
}

/** Loads objects into the running kernel, one after the other, and says how each fared. Nothing stays loaded. */
export function loadObjects(gate: GateVariant, objects: readonly string[] = allObjects()): ObjectReport[] {
  return objects.map((object) => loadOne(object, object === HOST_ROUTING ? { constants: gateConstants(gate, false) } : {}));
}

/** The figures of those objects that were loaded. */
export function costsOf(reports: readonly ObjectReport[]): ObjectCosts {
  return Object.fromEntries(reports.filter(({ refusal }) => refusal === undefined).map(({ object, programs }) => [object, programs]));
}

function loadOne(object: string, settings: ObjectSettings): ObjectReport {
  const begun = performance.now();
  try {
    const loaded = BpfObject.load(path.join(OBJECTS, object), settings);
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
