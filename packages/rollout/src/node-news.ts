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

/** What a round is compared with. `before`: the record of the round before, undefined for a node that is new; `waits`: of this round. */
export type NewsContext = { readonly before: NodeRollout | undefined; readonly waits: readonly WaitDraft[]; readonly now: Instant };

/**
 * The record with what there is to tell of this round's step. It is recorded with the step: whoever tells it, and however often, tells the same. The record
 * itself where nothing is new. Pure.
 */
export function withNodeNews({ record, seen }: RoundNode, { before, waits, now }: NewsContext): NodeRollout {
  const { news: known = [], ...rest } = record;
  const recent = known.filter(({ lastAt }) => now - lastAt < SERIES_MS);
  const happened = [...drainNews(record, before, waits), ...verificationNews(record, before), ...switchNews(record, before, seen)];
  if (happened.length === 0 && recent.length === known.length) return record;
  const news = happened.reduce<readonly NodeNews[]>((all, one) => added(all, one, now), recent).slice(-NEWS_MAX);
  return news.length === 0 ? rest : { ...rest, news };
}

/** Of each drain once while budgets keep pods, and once when it is given up. */
function drainNews(
  { node, phase, since, problem, news = [] }: NodeRollout,
  before: NodeRollout | undefined,
  waits: readonly WaitDraft[],
): News[] {
  if (phase === "Failed" && before?.phase !== "Failed" && problem?.reason === "DrainBlocked")
    return [{ reason: "DrainBlocked", key: "given up", note: problem.message }];
  const wait = waits.find(({ reason, subject }) => reason === "PodDisruptionBudget" && subject === node);
  const isTold = news.some(({ reason, lastAt }) => reason === "DrainBlocked" && lastAt >= since);
  if (phase !== "Draining" || wait === undefined || isTold) return [];
  return [
    {
      reason: "DrainBlocked",
      key: wait.message,
      note: `The node is being drained, and a PodDisruptionBudget keeps a pod: ${wait.message}`,
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
