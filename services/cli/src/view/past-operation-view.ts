import type { ArmComponents } from "@hostrouting/contracts";
import { errorLines } from "./host-routing-view.ts";

type Schemas = ArmComponents["schemas"];

/** Lines that say of each operation when it was, what, for whom, how it ended and why. */
export function pastOperationLines(operations: readonly Schemas["HostRoutingPastOperation"][]): string[] {
  if (operations.length === 0) return ["Nothing has been asked of this cluster."];
  return operations.flatMap(({ name, properties }) => {
    const { kind, mode, phase, percentComplete, startTime, endTime, requestedBy, error } = properties;
    const progress = endTime === undefined ? ` ${percentComplete} %` : `, ended ${endTime}`;
    const who = requestedBy === undefined ? "by itself" : `by ${requestedBy}`;
    return [`${startTime}  ${kind} (${mode}) ${phase}${progress}, ${who}  ${name}`, ...(error === undefined ? [] : errorLines(error))];
  });
}
