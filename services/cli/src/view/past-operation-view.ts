import type { ArmComponents } from "@hostrouting/contracts";
import { errorLines } from "./host-routing-view.ts";
import { brokenLine } from "./screen.ts";

type Schemas = ArmComponents["schemas"];
/** What fits a terminal that nobody has widened. */
const COLUMNS = 80;

/** Lines that say of each operation when it was, what, for whom, how it ended and why. */
export function pastOperationLines(operations: readonly Schemas["HostRoutingPastOperation"][]): string[] {
  if (operations.length === 0) return ["Nothing has been asked of this cluster."];
  return operations.flatMap(({ name, properties }) => {
    const { kind, mode, phase, percentComplete, startTime, endTime, requestedBy, error } = properties;
    const who = requestedBy === undefined ? "by itself" : `by ${requestedBy}`;
    const lines = [
      `${startTime}  ${kind} (${mode}) ${phase} ${percentComplete} %`,
      `  ${name}${endTime === undefined ? "" : `, ended ${endTime}`}`,
      `  ${who}`,
      ...(error === undefined ? [] : errorLines(error)),
    ];
    return lines.flatMap((line) => brokenLine(line, COLUMNS));
  });
}
