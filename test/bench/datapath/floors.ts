import type { Traffic } from "./load-generator.ts";
import type { Judged, Path } from "./report.ts";
import { isSteady, LIMIT, pairedRatio, type Sample } from "./statistics.ts";

/** Samples of one kind of traffic on one path, the unsteady ones too. */
export type Series = { path: Path; traffic: Traffic; samples: readonly Sample[] };

/** Medians of fewer rounds are luck. */
const ROUNDS_MIN = 3;

/** Traffic whose ends share a processor: its rate is the inverse of the path's cost, and repeats within a few per cent. */
const JUDGED_TRAFFIC: readonly Traffic[] = ["tcp-rr", "udp-rr", "tcp-crr"];

type Floor = { path: Path; numerator: string; denominator: string; floor: number; goal?: number };

/** What a node must keep. The names are those of variants.ts. */
export const FLOORS: readonly Floor[] = [
  { path: "same node", numerator: "ours", denominator: "stack, 0 rules", floor: 1.12 },
  { path: "same node", numerator: "ours", denominator: "stack, 1,000 rules", floor: 1.5 },
  { path: "same node", numerator: "ours", denominator: "stack, 10,000 rules", floor: 5 },
  { path: "same node", numerator: "ours", denominator: LIMIT, floor: 0.9, goal: 0.94 },
  { path: "same node", numerator: "ours, 10,000 rules", denominator: "ours", floor: 0.98 },
  { path: "cross node", numerator: "ours", denominator: "stack, 0 rules", floor: 1.15 },
  { path: "cross node", numerator: "ours", denominator: "stack, 1,000 rules", floor: 1.8 },
  { path: "cross node", numerator: "ours", denominator: "stack, 10,000 rules", floor: 7 },
  { path: "cross node", numerator: "ours", denominator: LIMIT, floor: 0.75, goal: 0.84 },
  { path: "cross node", numerator: "ours, 10,000 rules", denominator: "ours", floor: 0.98 },
  { path: "outside", numerator: "ours", denominator: "stack, 0 rules", floor: 1.05 },
];

/** Every floor with every kind of traffic that is judged. Pure. */
export function judge(series: readonly Series[], floors: readonly Floor[] = FLOORS): Judged[] {
  return floors.flatMap((floor) =>
    series
      .filter(({ path, traffic }) => path === floor.path && JUDGED_TRAFFIC.includes(traffic))
      .map(({ traffic, samples }) => judgeOne(floor, traffic, samples.filter(isSteady))),
  );
}

function judgeOne({ path, numerator, denominator, floor, goal }: Floor, traffic: Traffic, steady: readonly Sample[]): Judged {
  const ratio = pairedRatio(steady, numerator, denominator);
  const about = { what: `${numerator} / ${denominator}`, path, traffic, ratio, floor, goal };
  if (!ratio || steady.length < ROUNDS_MIN) return { ...about, verdict: "Unknown" };
  if (ratio.median < floor) return { ...about, verdict: "Missed" };
  return { ...about, verdict: goal !== undefined && ratio.median < goal ? "GoalMissed" : "Held" };
}
