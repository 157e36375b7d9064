import type { GuardRung } from "../guard/node-guard.ts";
import { SERIES_MS } from "./decide-events.ts";
import type { Regarding, Telling } from "./telling.ts";

/**
 * What becomes of guard and datapath on this node, as the kernel shows it. News is what is another than it was remembered; the memory outlives the
 * agent's process, so that the next one does not tell it again. States of host routing: Off → Started → On → Off; an end in order is nobody's news.
 */

/** What the kernel shows in one round. */
export type NodeSight = {
  /** Which way tells of rules that are written, or refuses them; undefined while the guard is not attached. */
  readonly guard: GuardRung | undefined;
  /** The switch. `awaits`: its confirmation. `missed`: the kernel took it back. Undefined when nothing is loaded. */
  readonly control:
    | { readonly mode: "Off" | "On" | "Drain"; readonly generation: number; readonly awaits: boolean; readonly missed: boolean }
    | undefined;
  readonly effective: { readonly mode: "BpfVeth" | "Legacy" | "Unknown"; readonly reason: string; readonly message: string };
  /** Why it is off in an emergency; undefined when there is none. */
  readonly emergency: string | undefined;
  readonly selfTest: { readonly outcome: "Passed" | "Failed" | "Unknown"; readonly message: string } | undefined;
};

type NodeReason = "GuardAttached" | "GuardDetached" | "SwitchStarted" | "HostRoutingEnabled" | "HostRoutingReverted" | "VerificationFailed";

/** One thing that happened `count` times, with less than SERIES_MS between. Milliseconds since 1970. */
type Happened = {
  readonly reason: NodeReason;
  readonly key: string;
  readonly note: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
};

/** What is remembered; plain JSON. `generation`: of the last switch that was told. `guardGoneAt`: when the guard that is remembered was missed first. */
export type NodeMemory = {
  readonly guard?: GuardRung | undefined;
  readonly guardGoneAt?: number | undefined;
  readonly state: "Off" | "Started" | "On";
  readonly generation: number;
  readonly isFailing: boolean;
  readonly happened: readonly Happened[];
};

/** What only tells ends with the agent's process, and is back soon after its next start. */
const AUDIT_GONE_MS = 60_000;
/** It is told of for so long after the last time: enough for an Event to be written in spite of every limit. */
const TOLD_MS = 10 * 60_000;
const HAPPENED_MAX = 30;

const GUARD_NOTES: Readonly<Record<GuardRung, string>> = {
  Lsm: "The guard against packet filter rules is attached to the kernel's security hook (Lsm): it refuses them as soon as it enforces.",
  FmodRet: "The guard against packet filter rules is attached to the kernel's functions (FmodRet): it refuses them as soon as it enforces.",
  Audit: "The guard against packet filter rules is attached and only tells of them (Audit): this kernel lets nobody refuse one.",
};

type News = Pick<Happened, "reason" | "key" | "note">;
type Step = { readonly memory: NodeMemory; readonly news: readonly News[] };

/** What is remembered after a look. Without a memory the first look is where it begins: what was there before was another's to tell. Pure. */
export function withSight(before: NodeMemory | undefined, sight: NodeSight, now: number): NodeMemory {
  if (before === undefined) return beginning(sight);
  const steps = [guardStep, switchStep, testStep];
  const { memory, news } = steps.reduce<Step>(
    (all, step) => {
      const next = step(all.memory, sight, now);
      return { memory: next.memory, news: [...all.news, ...next.news] };
    },
    { memory: before, news: [] },
  );
  return { ...memory, happened: news.reduce((all, one) => withNews(all, one, now), recent(memory.happened, now)) };
}

/** What Events are to say of it. Pure. */
export function nodeTellings(memory: NodeMemory | undefined, regarding: Regarding, now: number): Telling[] {
  return (memory?.happened ?? [])
    .filter(({ lastAt }) => now - lastAt < TOLD_MS)
    .map(({ reason, key, note, count, firstAt }) => ({ reason, regarding, key: `${key} ${firstAt}`, note, count, isKept: true }));
}

function beginning({ guard, control, selfTest }: NodeSight): NodeMemory {
  const isOn = control?.mode === "On" && !control.missed;
  return {
    guard,
    state: isOn ? (control.awaits ? "Started" : "On") : "Off",
    generation: control?.generation ?? 0,
    isFailing: isOn && selfTest?.outcome === "Failed",
    happened: [],
  };
}

function guardStep(memory: NodeMemory, { guard, control }: NodeSight, now: number): Step {
  const known = { ...memory, guardGoneAt: undefined };
  if (guard !== undefined) {
    if (guard === memory.guard) return { memory: known, news: [] };
    return { memory: { ...known, guard }, news: [{ reason: "GuardAttached", key: guard, note: GUARD_NOTES[guard] }] };
  }
  if (memory.guard === undefined) return { memory: known, news: [] };
  const goneAt = memory.guardGoneAt ?? now;
  if (memory.guard === "Audit" && now - goneAt < AUDIT_GONE_MS) return { memory: { ...memory, guardGoneAt: goneAt }, news: [] };
  const why =
    control?.mode === "On"
      ? "though host routing is on: say another mode than Off in `spec.guard` of HostRoutingConfig `default`, or look at the agent's log"
      : "since host routing is off";
  const note = `The guard against packet filter rules (${memory.guard}) is not attached any more, ${why}.`;
  return { memory: { ...known, guard: undefined }, news: [{ reason: "GuardDetached", key: memory.guard, note }] };
}

function switchStep(memory: NodeMemory, sight: NodeSight): Step {
  const { control, emergency } = sight;
  if (control?.missed) {
    const note = `Switch ${control.generation} was not confirmed in time: the kernel took it back.`;
    return reverted(memory, "ConfirmMissed", note);
  }
  if (control?.mode === "On") return whileOn(memory, control, sight);
  if (emergency !== undefined) return reverted(memory, "EmergencyOff", emergency);
  return { memory: { ...memory, state: "Off" }, news: [] };
}

function reverted(memory: NodeMemory, key: string, note: string): Step {
  if (memory.state === "Off") return { memory, news: [] };
  return { memory: { ...memory, state: "Off" }, news: [{ reason: "HostRoutingReverted", key, note: `${key}: ${note}` }] };
}

/** A generation that only renews what is on, and awaits nothing, changes nothing for packets. */
function whileOn(before: NodeMemory, { generation, awaits }: NonNullable<NodeSight["control"]>, { effective }: NodeSight): Step {
  const begins = generation !== before.generation && (awaits || before.state !== "On");
  const memory: NodeMemory = { ...before, generation, state: begins ? "Started" : before.state };
  const started: News[] = begins
    ? [{ reason: "SwitchStarted", key: "", note: `Host routing is switched on here (switch ${generation}).` }]
    : [];
  if (awaits) return { memory, news: started };
  if (effective.mode === "BpfVeth" && memory.state !== "On") {
    const note = `Host routing is on and confirmed (switch ${generation}). ${effective.message}`;
    return { memory: { ...memory, state: "On" }, news: [...started, { reason: "HostRoutingEnabled", key: "", note }] };
  }
  if (effective.mode === "Legacy" && memory.state === "On") return reverted(memory, effective.reason, effective.message);
  return { memory, news: started };
}

/** A test that could not run says neither. */
function testStep(memory: NodeMemory, { control, selfTest }: NodeSight): Step {
  if (control?.mode !== "On" || selfTest?.outcome === "Passed") return { memory: { ...memory, isFailing: false }, news: [] };
  if (selfTest?.outcome !== "Failed" || memory.isFailing) return { memory, news: [] };
  const note = `The agent's own packets did not take the fast path: ${selfTest.message}`;
  return { memory: { ...memory, isFailing: true }, news: [{ reason: "VerificationFailed", key: "self-test", note }] };
}

function recent(happened: readonly Happened[], now: number): readonly Happened[] {
  return happened.filter(({ lastAt }) => now - lastAt < SERIES_MS);
}

/** The same again is a count more, and the newest. */
function withNews(happened: readonly Happened[], news: News, now: number): readonly Happened[] {
  const known = happened.find(({ reason, key }) => reason === news.reason && key === news.key);
  const others = happened.filter((one) => one !== known);
  const next: Happened = known ? { ...known, count: known.count + 1, lastAt: now } : { ...news, count: 1, firstAt: now, lastAt: now };
  return [...others, next].slice(-HAPPENED_MAX);
}
