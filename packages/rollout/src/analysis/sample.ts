import type { AnalysisSample, ComparedFigures } from "@hostrouting/domain";
import { currentReport } from "../agent-report.ts";
import type { NodeObservation } from "../snapshot.ts";
import type { NodeView } from "./metrics.ts";

/** What was counted in less time says nothing of what is usual. */
export const BEFORE_MS_MIN = 10_000;

/** The figures of the node's present boot; undefined where its agent has none. */
export function sampleOf(seen: NodeObservation): AnalysisSample | undefined {
  const report = currentReport(seen);
  return report?.figures === undefined || report.observedAtMs === undefined
    ? undefined
    : { atMs: report.observedAtMs, figures: report.figures };
}

/** Over what time the figures were counted. */
export function spanOf(sample: AnalysisSample | undefined): number {
  return sample === undefined ? 0 : sample.atMs - sample.figures.sinceMs;
}

/** A node as it was before it was switched, from its agent's beginning on; undefined when that was not long enough. */
export function viewBefore(before: AnalysisSample | undefined): NodeView | undefined {
  if (before === undefined || spanOf(before) < BEFORE_MS_MIN) return undefined;
  const start: AnalysisSample = { atMs: before.figures.sinceMs, figures: withoutCounts(before.figures) };
  return { isReady: true, report: undefined, now: before, last: start, first: before };
}

function withoutCounts(figures: ComparedFigures): ComparedFigures {
  const { cpu, tcp, noRoute, conntrack, agent } = figures;
  return {
    ...figures,
    cpu: cpu && { total: 0, softirq: 0 },
    tcp: tcp && { segments: 0, retransmitted: 0, resets: 0 },
    noRoute: noRoute === undefined ? undefined : 0,
    conntrack: conntrack && { ...conntrack, dropped: 0 },
    agent: agent && { ...agent, cpuMs: 0 },
  };
}
