import {
  countingWindows,
  LOOK_AHEAD_MS,
  longestOpeningMs,
  nodeBudgetMs,
  openings,
  type Forecast,
  type ForecastBatch,
  type ForecastHold,
  type Instant,
  type RolloutPolicy,
  type WindowForecast,
} from "@hostrouting/domain";
import { longLivedOn } from "../switch-disruption.ts";
import { atOnceMax, wavesOf, type NodeFlight } from "./node-flight.ts";
import type { ForecastQuestion, SimulatedChange } from "./simulate-change.ts";

/** What the engine's own run tells; the rest of a forecast is about objects, pods and prices, of which the engine knows nothing. */
export type RolloutForecast = Pick<
  Forecast,
  "outcome" | "because" | "batches" | "leftOut" | "duration" | "windows" | "holds" | "disruption" | "usage"
>;

const CANARIES = 0;
const HOURS_PER_DAY = 24;
/** Enough to see a rhythm. */
const WINDOWS_SHOWN = 5;
/** As many as a status shows of waits. */
const HOLDS_MAX = 64;

const iso = (at: number): string => new Date(at).toISOString();

type Stage = { readonly stage: number | undefined; readonly flights: readonly NodeFlight[] };

function stagesOf(flights: readonly NodeFlight[]): readonly Stage[] {
  return [...Map.groupBy(flights, ({ stage }) => stage)]
    .map(([stage, own]) => ({ stage, flights: own }))
    .toSorted((a, b) => (a.stage ?? Infinity) - (b.stage ?? Infinity));
}

function batchOf({ stage, flights }: Stage, now: Instant): ForecastBatch {
  return {
    name: stage === undefined ? "all nodes" : stage === CANARIES ? "canaries" : `batch ${stage}`,
    nodes: flights.map(({ node }) => node),
    atOnce: atOnceMax(flights),
    startsAfterMs: (flights[0]?.startedAt ?? now) - now,
  };
}

/** How long a stage takes when every step of every node takes until its limit, with what the policy lets it rest afterwards. */
function worstOfStage({ stage, flights }: Stage, policy: RolloutPolicy, isLast: boolean): number {
  const inFlightMs = nodeBudgetMs(policy) - policy.nodeSoakMs;
  const nodes = wavesOf(flights) * inFlightMs + policy.nodeSoakMs;
  if (stage !== CANARIES) return nodes + (isLast ? 0 : policy.batchSoakMs);
  const analysis = policy.analysisMode === "Enforce" ? policy.analysisInitialDelayMs + policy.analysisCount * policy.analysisIntervalMs : 0;
  return nodes + Math.max(analysis, isLast ? 0 : policy.canarySoakMs);
}

function worstMs({ mode, policy }: ForecastQuestion, { end }: SimulatedChange, stages: readonly Stage[]): number | undefined {
  if (end !== "Succeeded" || mode === "None") return undefined;
  const all = stages.map((stage, index) => worstOfStage(stage, policy, index === stages.length - 1));
  return policy.installTimeoutMs + all.reduce((sum, ms) => sum + ms, 0) + policy.finalSoakMs;
}

function assumptionsOf({ mode, policy }: ForecastQuestion): readonly string[] {
  const ofMode =
    mode === "BpfVeth"
      ? [
          "The rules of preflight pass, also those that only agents can answer.",
          "Worst: the bundle takes until its limit on all nodes, then every step of every node does, at its first attempt; a node that needs another attempt takes as long again.",
        ]
      : ["Letting go of a node has no limit, so there is no worst."];
  return [
    "The cluster stays as it was seen; an operation that is under way is taken to end where it is.",
    "Best: agents act within a second of being asked, and pods that may leave are gone at once.",
    "Waiting for people, webhooks, scheduled starts and maintenance windows is in neither; people and webhooks are taken to say yes.",
    ...(policy.nodeAction === "DrainAndSwitch"
      ? ["Pods that left are soon well on another node, so that their budget allows the next."]
      : []),
    ...ofMode,
  ];
}

/** Whether nodes fit into the windows that count, and which are next. Pure. */
export function windowForecast({ disruption, policy, now }: Pick<ForecastQuestion, "disruption" | "policy" | "now">): WindowForecast {
  const longestNodeMs = nodeBudgetMs(policy);
  const counting = countingWindows(disruption, policy);
  const base = { mode: policy.maintenance, longestNodeMs };
  if (counting === undefined) return { ...base, next: [], fits: policy.maintenance !== "Require" };
  const { name, configuration } = counting;
  const longestWindowMs = longestOpeningMs(configuration, now);
  const all = openings(configuration, { start: now, end: now + LOOK_AHEAD_MS });
  return {
    ...base,
    configuration: name,
    next: all.slice(0, WINDOWS_SHOWN).map(({ start, end }) => ({ start: iso(start), end: iso(end) })),
    longestWindowMs,
    fits: longestWindowMs >= Math.max(longestNodeMs, policy.minRemainingMinutes * 60_000),
  };
}

function disruptionOf({ observed }: ForecastQuestion, flights: readonly NodeFlight[]): Forecast["disruption"] {
  const switched = new Set(flights.map(({ node }) => node));
  const counts = observed.nodes.filter(({ name }) => switched.has(name)).map(longLivedOn);
  const known = counts.filter((count) => count !== undefined);
  return {
    nodes: counts.length,
    unknownNodes: counts.length - known.length,
    ...((known.length > 0 || counts.length === 0) && { expectedAtMost: known.reduce((sum, count) => sum + count, 0) }),
  };
}

function leftOutOf({ mode, observed }: ForecastQuestion, { last, waits, because }: SimulatedChange): Forecast["leftOut"] {
  const wanted = mode === "BpfVeth" ? "Enabled" : "Disabled";
  const seen = new Map(observed.nodes.map((node) => [node.name, node]));
  return (last?.nodes ?? [])
    .filter(({ phase }) => phase !== wanted && phase !== "Gone")
    .map(({ node, phase, problem }) => {
      const wait = waits.find(({ subject }) => subject === node);
      const away = seen.get(node)?.ready === false ? "The node is not Ready." : undefined;
      return {
        node,
        reason: seen.get(node)?.ineligible ?? problem?.message ?? away ?? wait?.message ?? because ?? `It ends in phase ${phase}.`,
      };
    });
}

function holdsOf({ waits }: SimulatedChange): readonly ForecastHold[] {
  return waits.slice(0, HOLDS_MAX).map(({ reason, subject, message, remedy, until }) => ({
    reason,
    subject,
    message,
    remedy,
    ...(until !== undefined && { until: iso(until) }),
  }));
}

/** What the simulated operation tells of the real one. Pure. */
export function rolloutForecast(question: ForecastQuestion, change: SimulatedChange): RolloutForecast {
  const { policy, now, mode } = question;
  const stages = stagesOf(change.flights);
  const worst = worstMs(question, change, stages);
  const isDone = change.end === "Succeeded";
  const enabled = (change.last?.nodes ?? []).filter(({ phase }) => phase === "Enabled").length;
  const nodes = mode === "BpfVeth" ? enabled : 0;
  return {
    outcome: isDone && change.flights.length === 0 ? "NothingToDo" : change.end,
    ...(change.because !== undefined && { because: change.because }),
    batches: stages.map((stage) => batchOf(stage, now)),
    leftOut: leftOutOf(question, change),
    duration: {
      ...(isDone && { bestMs: change.elapsedMs - change.heldMs, endsAtEarliest: iso(now + change.elapsedMs) }),
      ...(worst !== undefined && { worstMs: worst }),
      mayTimeOut: worst !== undefined && worst > policy.operationTimeoutMs,
      assumptions: assumptionsOf(question),
    },
    windows: windowForecast(question),
    holds: holdsOf(change),
    disruption: disruptionOf(question, change.flights),
    usage: { nodes, nodeHoursPerDay: nodes * HOURS_PER_DAY },
  };
}
