import type { Instant, NodeNews, NodeRollout } from "@hostrouting/domain";
import { currentReport } from "./agent-report.ts";
import type { RoundNode } from "./round.ts";
import type { NodeObservation } from "./snapshot.ts";
import { longLivedOn } from "./switch-disruption.ts";
import type { WaitDraft } from "./waits.ts";

/** What happens again after so long is told anew: the API server forgets an Event an hour after its last writing. */
const SERIES_MS = 45 * 60_000;
/** What is remembered of one node; the oldest goes. */
const NEWS_MAX = 8;

type News = Pick<NodeNews, "reason" | "key" | "note">;

/** What a round is compared with. `before`: the record of the round before, undefined for a node that is new; `keptBy`: why a budget keeps its pods, now. */
export type NewsContext = { readonly before: NodeRollout | undefined; readonly keptBy: string | undefined; readonly now: Instant };

/** Why budgets keep pods, by node. A round has as many waits as a cluster has nodes: they are looked through once. */
export function keptByBudgets(waits: readonly WaitDraft[]): ReadonlyMap<string, string> {
  return new Map(waits.filter(({ reason }) => reason === "PodDisruptionBudget").map(({ subject, message }) => [subject, message]));
}

/**
 * The record with what there is to tell of this round's step. It is recorded with the step: whoever tells it, and however often, tells the same. The record
 * itself where nothing is new. Pure.
 */
export function withNodeNews({ record, seen }: RoundNode, { before, keptBy, now }: NewsContext): NodeRollout {
  // Most nodes of a large cluster are at rest: nothing happens to a node whose phase stays, but for budgets that keep its pods.
  if (record.news === undefined && record.phase === before?.phase && record.phase !== "Draining") return record;
  const { news: known = [], ...rest } = record;
  const recent = known.filter(({ lastAt }) => now - lastAt < SERIES_MS);
  const happened = [...drainNews(record, before, keptBy), ...verificationNews(record, before), ...switchNews(record, before, seen)];
  if (happened.length === 0 && recent.length === known.length) return record;
  const news = happened.reduce<readonly NodeNews[]>((all, one) => added(all, one, now), recent).slice(-NEWS_MAX);
  return news.length === 0 ? rest : { ...rest, news };
}

/** Of each drain once while budgets keep pods, and once when it is given up. */
function drainNews({ phase, since, problem, news = [] }: NodeRollout, before: NodeRollout | undefined, keptBy: string | undefined): News[] {
  if (phase === "Failed" && before?.phase !== "Failed" && problem?.reason === "DrainBlocked")
    return [{ reason: "DrainBlocked", key: "given up", note: problem.message }];
  const isTold = news.some(({ reason, lastAt }) => reason === "DrainBlocked" && lastAt >= since);
  if (phase !== "Draining" || keptBy === undefined || isTold) return [];
  return [
    {
      reason: "DrainBlocked",
      key: keptBy,
      note: `The node is being drained, and a PodDisruptionBudget keeps a pod: ${keptBy}`,
    },
  ];
}

function verificationNews({ phase, problem }: NodeRollout, before: NodeRollout | undefined): News[] {
  if (phase !== "Detaching" || before?.phase === "Detaching" || problem?.reason !== "VerificationFailed") return [];
  return [
    {
      reason: "VerificationFailed",
      key: "",
      note: `The node was switched, and nothing proves that it routes by eBPF: ${problem.message}.`,
    },
  ];
}

/** A node whose traffic takes the stack already has nothing to lose by letting go. */
function switchNews({ phase }: NodeRollout, before: NodeRollout | undefined, seen: NodeObservation): News[] {
  if (phase === before?.phase) return [];
  const reason = "ConnectionDisruptionExpected";
  if (phase === "Switching") return [{ reason, key: "on", note: `Host routing is about to be switched on here. ${census(seen)}` }];
  const isOnStack = currentReport(seen)?.effectiveMode === "Legacy";
  return phase === "Detaching" && !isOnStack
    ? [{ reason, key: "off", note: `Host routing is about to be switched off here. ${census(seen)}` }]
    : [];
}

function census(seen: NodeObservation): string {
  const longLived = longLivedOn(seen);
  if (longLived !== undefined) return `At most ${longLived} TCP connections of its pods are older than 30 s. ${lastSwitch(seen)}`.trim();
  return lastSwitch(seen) || "How many connections its pods have is counted when it is switched.";
}

function lastSwitch(seen: NodeObservation): string {
  const figures = currentReport(seen)?.disruption;
  return figures === undefined
    ? ""
    : `At its last switch its pods had ${figures.flowsAtSwitch} TCP connections, of which ${figures.disrupted} broke.`;
}

/** The same again is a count more, and the newest. */
function added(all: readonly NodeNews[], news: News, now: Instant): readonly NodeNews[] {
  const known = all.find(({ reason, key }) => reason === news.reason && key === news.key);
  const next = known === undefined ? { ...news, count: 1, firstAt: now, lastAt: now } : { ...known, count: known.count + 1, lastAt: now };
  return [...all.filter((one) => one !== known), next];
}
