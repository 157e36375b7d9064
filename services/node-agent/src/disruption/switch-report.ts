import { addEndings, noEndings, stepOf, type EndingCounts, type Step, type SwitchState } from "./disruption-layout.ts";
import type { NamespaceEndings } from "./disruption-counters.ts";

/** Pods that are named in a report: those that were disturbed most. */
const PODS_MAX = 10;
const NS_PER_SECOND = 1_000_000_000;

/** What happened to one pod's connections. */
export type PodDisruption = { pod: string; reset: number; timeout: number; connectFailure: number };

/**
 * What the last switch did to the TCP connections of this node's pods. `disrupted`: reset or timed out after they were established;
 * `disruptionRatio` (0–1) relates them to those that there were when the switch began; those that came later can make it 1 at most.
 * `unattributed`: the same in no known pod's namespace, which is the node's own or a pod's that is gone. `before`: what is usual here.
 * `lost`: events for which the kernel's table had no room. A connection between two pods of the node has two ends and counts twice.
 */
export type SwitchReport = {
  step: Exclude<Step, "Steady">;
  flowsAtSwitch: number;
  disrupted: number;
  disruptionRatio: number;
  byReason: { reset: number; timeout: number; connectFailure: number; retransmit: number };
  byPod: PodDisruption[];
  unattributed: number;
  watchedSeconds: number;
  before: { disrupted: number; seconds: number };
  lost: number;
};

/** What a report is made of. `pods`: names by cookie of the namespace. `watchedNs`: since the last step. */
export type ReportInputs = {
  entries: readonly NamespaceEndings[];
  state: SwitchState;
  lastStep: Exclude<Step, "Steady">;
  pods: ReadonlyMap<bigint, string>;
  watchedNs: bigint;
  lost: number;
};

/** Sums up one switch over its steps. */
export function reportSwitch({ entries, state, lastStep, pods, watchedNs, lost }: ReportInputs): SwitchReport {
  const during = entries.filter(({ epoch }) => isDuring(epoch, state.number));
  const ofPods = during.filter(({ netns }) => pods.has(netns));
  const total = sum(ofPods);
  const disrupted = total.reset + total.timeout;
  return {
    step: lastStep,
    flowsAtSwitch: state.flows,
    disrupted,
    disruptionRatio: Math.min(1, disrupted / Math.max(1, state.flows)),
    byReason: { reset: total.reset, timeout: total.timeout, connectFailure: total.connect_failure, retransmit: total.retransmits },
    byPod: mostDisturbed(ofPods, pods),
    unattributed: disruptedIn(during.filter(({ netns }) => !pods.has(netns))),
    watchedSeconds: Math.floor(Number(watchedNs) / NS_PER_SECOND),
    before: { disrupted: state.beforeCount, seconds: Math.floor(Number(state.beforeNs) / NS_PER_SECOND) },
    lost,
  };
}

/** Connections reset or timed out. */
export function disruptedIn(entries: readonly NamespaceEndings[]): number {
  const { reset, timeout } = sum(entries);
  return reset + timeout;
}

function isDuring(epoch: number, number: number): boolean {
  const found = stepOf(epoch);
  return found.number === number && found.step !== "Steady";
}

function sum(entries: readonly NamespaceEndings[]): EndingCounts {
  return entries.reduce((total, { counts }) => addEndings(total, counts), noEndings());
}

function mostDisturbed(entries: readonly NamespaceEndings[], pods: ReadonlyMap<bigint, string>): PodDisruption[] {
  const byPod = Map.groupBy(entries, ({ netns }) => pods.get(netns) ?? "");
  return [...byPod]
    .map(([pod, list]) => ({ pod, counts: sum(list) }))
    .map(({ pod, counts }) => ({ pod, reset: counts.reset, timeout: counts.timeout, connectFailure: counts.connect_failure }))
    .filter(({ reset, timeout, connectFailure }) => reset + timeout + connectFailure > 0)
    .sort((a, b) => b.reset + b.timeout - (a.reset + a.timeout) || b.connectFailure - a.connectFailure || a.pod.localeCompare(b.pod))
    .slice(0, PODS_MAX);
}
