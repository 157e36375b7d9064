import type { Point } from "../point.ts";
import { addressPoints } from "./addresses.ts";
import { badInputPoints } from "./bad-inputs.ts";
import { conditionAndListPoints } from "./conditions-and-lists.ts";
import { neighbourPoints } from "./neighbours.ts";
import { operationPoints } from "./operations.ts";
import { putPoints } from "./puts.ts";

/** F1-9 before F1-10, both before F2-1. */
const place = ({ id }: Point): number => {
  const [part, number] = id.slice(1).split("-");
  return Number(part) * 1_000 + Number(number);
};

/** The whole checklist by number: F1 (58 points), then F2 (35 bad inputs). */
export const allPoints: readonly Point[] = [
  ...addressPoints,
  ...putPoints,
  ...operationPoints,
  ...conditionAndListPoints,
  ...neighbourPoints,
  ...badInputPoints,
].toSorted((a, b) => place(a) - place(b));
