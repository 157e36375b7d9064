import { type Instant, type ManagedPolicyStatus, type PolicyDrift } from "@hostrouting/domain";

/** What happens again after so long is told anew: the API server forgets an Event an hour after its last writing. */
const SERIES_MS = 45 * 60_000;
/** What nobody could tell for so long is old: it stays in the history, and a worker that begins does not tell it. */
const TELL_WITHIN_MS = 10 * 60_000;
/** A note has 1024 bytes; a look has eight differences at most, and paths are of any length. */
const PATH_CHARACTERS_MAX = 80;

/** Drifted: somebody changed the policy. Reapplied: it was found as it should be again. */
export type PolicyNewsReason = "PolicyDrifted" | "PolicyReapplied";

/**
 * Something to tell of a managed policy: what one and the same writer did, `count` times from `firstAt` to `lastAt`. One `reason`, `key` and `firstAt`
 * are one thing, in whichever round and by whichever worker it is told. `note`: of the first time.
 */
export type PolicyNews = {
  readonly reason: PolicyNewsReason;
  readonly key: string;
  readonly note: string;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
};

type Occurrence = { readonly at: Instant; readonly drift: readonly PolicyDrift[] };

/**
 * What is to be told of a policy, from what is recorded of it: nothing is lost with a worker, and nothing is told twice under another name. Nothing of
 * a policy that is not managed. Pure.
 */
export function policyNews({ name, mode, state, drift }: ManagedPolicyStatus, now: Instant): readonly PolicyNews[] {
  if (state === "NotManaged") return [];
  const drifted = occurrences(drift, ({ firstSeen }) => firstSeen);
  const ended = occurrences(drift, ({ correctedAt }) => correctedAt).filter(({ at }) => isRightAt(at, drift));
  const news = [
    ...seriesOf("PolicyDrifted", name, drifted),
    // in mode Warn somebody else has put it right
    ...(mode === "Correct" ? seriesOf("PolicyReapplied", name, ended) : []),
  ];
  return news.filter(({ lastAt }) => now - lastAt < TELL_WITHIN_MS);
}

/** Differences of one look are one occurrence; the oldest first. */
function occurrences(drift: readonly PolicyDrift[], timeOf: (drift: PolicyDrift) => Instant | undefined): readonly Occurrence[] {
  const looks = new Map<Instant, PolicyDrift[]>();
  for (const each of drift) {
    const at = timeOf(each);
    if (at !== undefined) looks.set(at, [...(looks.get(at) ?? []), each]);
  }
  return [...looks].map(([at, those]) => ({ at, drift: those })).toSorted((a, b) => a.at - b.at);
}

/** A difference may end because another one has taken its place: then nothing is right. */
function isRightAt(at: Instant, drift: readonly PolicyDrift[]): boolean {
  return !drift.some(({ firstSeen, correctedAt }) => firstSeen <= at && (correctedAt === undefined || correctedAt > at));
}

/** What the same writers do is one series, until they rest for long. */
function seriesOf(reason: PolicyNewsReason, name: string, all: readonly Occurrence[]): readonly PolicyNews[] {
  const open = new Map<string, PolicyNews>();
  const done: PolicyNews[] = [];
  for (const { at, drift } of all) {
    const key = [...new Set(drift.map(({ manager }) => manager ?? ""))].toSorted().join(" ");
    const before = open.get(key);
    if (before !== undefined && at - before.lastAt < SERIES_MS) {
      open.set(key, { ...before, count: before.count + 1, lastAt: at });
      continue;
    }
    if (before !== undefined) done.push(before);
    open.set(key, { reason, key, note: noteOf(reason, name, drift), count: 1, firstAt: at, lastAt: at });
  }
  return [...done, ...open.values()];
}

function noteOf(reason: PolicyNewsReason, name: string, drift: readonly PolicyDrift[]): string {
  const changes = drift.map(({ path, manager }) => `${placeOf(path)} by ${manager ?? "nobody that the object names"}`).join(", ");
  return reason === "PolicyDrifted"
    ? `Network policy ${name} is not as it should be: changed was ${changes}.`
    : `Network policy ${name} is as it should be again: changed was ${changes}.`;
}

function placeOf(path: string): string {
  if (path === "") return "the whole policy";
  return path.length > PATH_CHARACTERS_MAX ? `${path.slice(0, PATH_CHARACTERS_MAX)}…` : path;
}
