import type { NodeObservation } from "../snapshot.ts";
import { currentReport } from "../agent-report.ts";
import type { Round, RoundNode } from "../round.ts";
import { waitingSince } from "../waits.ts";
import { analysisWish } from "./analysis-wish.ts";
import { BEFORE_MS_MIN, sampleOf, spanOf } from "./sample.ts";

/** More of them would hardly make the comparison better, and what is kept of each is stored with the operation. */
const CONTROL_NODES_MAX = 5;
const MS_PER_SECOND = 1000;
/** An agent that has not counted for ten seconds by then will hardly do so. */
const FIGURES_WAIT_MS = 60_000;

/** Nodes of the same kind that are not switched: what a switched node is compared with at the same time. The last five by name, which are switched last. */
export function controlsOf(round: Pick<Round, "nodes">, { seen: switched }: RoundNode): readonly RoundNode[] {
  return round.nodes
    .filter(({ record, seen }) => record.phase === "Pending" && seen.stratum === switched.stratum && isLegacy(seen))
    .toSorted((a, b) => (a.record.node < b.record.node ? -1 : 1))
    .slice(-CONTROL_NODES_MAX);
}

function isLegacy(seen: NodeObservation): boolean {
  return seen.ineligible === undefined && currentReport(seen)?.effectiveMode === "Legacy";
}

/**
 * Whether a node that could be a canary should wait until its agent has counted for a while: no node of its kind will be left to compare it with, so that
 * its own figures of before are all there is. Not for ever: an agent may not tell any.
 */
export function lacksFigures(round: Round, seen: NodeObservation): boolean {
  const { snapshot, nodes, now, previousWaits } = round;
  const wish = analysisWish(snapshot);
  if (wish === undefined || !wish.isEnforced || spanOf(sampleOf(seen)) >= BEFORE_MS_MIN) return false;
  const alike = nodes.filter(
    ({ record, seen: other }) => record.phase === "Pending" && other.stratum === seen.stratum && other.ineligible === undefined,
  );
  if (alike.length > snapshot.policy.canaryPerStratum) return false;
  const since = waitingSince(previousWaits, "AnalysisRunning", seen.name) ?? now;
  return now - since < FIGURES_WAIT_MS;
}

/** How often the agents of compared nodes shall report, in seconds, by node UID: twice for each measurement. Others keep their own pace. */
export function reportPace(round: Round): ReadonlyMap<string, number> {
  const { snapshot, nodes, previousWaits } = round;
  const wish = analysisWish(snapshot);
  const { operation } = snapshot;
  if (wish === undefined || operation?.mode !== "BpfVeth" || operation.phase !== "Rolling") return new Map();
  const running = (operation.control.analysis ?? []).filter(({ verdict }) => verdict === undefined).map(({ uid }) => uid);
  const switched = nodes.filter(({ record }) => record.phase === "Enabled" && running.includes(record.uid));
  const waiting = nodes.filter(({ record }) => waitingSince(previousWaits, "AnalysisRunning", record.node) !== undefined);
  const compared = [...switched, ...switched.flatMap((node) => controlsOf(round, node)), ...waiting];
  const seconds = Math.max(1, Math.floor(wish.intervalMs / 2 / MS_PER_SECOND));
  return new Map(compared.map(({ record }) => [record.uid as string, seconds]));
}
