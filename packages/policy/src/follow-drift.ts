import { visibleText, type Instant, type ManagedPolicyStatus, type PolicyDrift } from "@hostrouting/domain";
import type { Difference, ObservedObject } from "./compare-policy.ts";
import { lastManager } from "./field-managers.ts";

/** Differences of one look; an object with more of them is another object. */
const FOUND_MAX = 8;
/** Six corrections with eight differences each: enough for the brake, which counts five. */
const KEPT_MAX = 48;
/** How long a difference that was put right is shown. */
const KEPT_MS = 24 * 60 * 60_000;
const VALUE_CHARACTERS_MAX = 200;

/** The differences of one look in words, with who wrote them; one entry stands for those that are left out. */
export function foundDrift(
  found: readonly Difference[],
  object: ObservedObject,
  { manager, now }: { readonly manager: string; readonly now: Instant },
): readonly PolicyDrift[] {
  const shown = found.length > FOUND_MAX ? found.slice(0, FOUND_MAX - 1) : found;
  const drift = shown.map(({ path, desired, observed }): PolicyDrift => {
    const by = path.length === 0 ? undefined : lastManager(object, path, manager);
    return {
      path: path.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""),
      desired: inWords(desired),
      observed: inWords(observed),
      manager: by === undefined ? undefined : visibleText(by),
      firstSeen: now,
      correctedAt: undefined,
    };
  });
  const more = found.length - shown.length;
  return more === 0 ? drift : [...drift, { ...emptyDrift(now), path: "/spec", observed: `${more} more differences` }];
}

function emptyDrift(now: Instant): PolicyDrift {
  return { path: "", desired: undefined, observed: undefined, manager: undefined, firstSeen: now, correctedAt: undefined };
}

function inWords(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = visibleText(JSON.stringify(value));
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}

/**
 * Joins a look with what was known: a difference that is still there was first seen when it was, one that is gone was put right now. After a
 * correction every difference is a new one, also when it is the same: somebody has made it again. Without a look nothing is known to have ended.
 */
export function followDrift(
  found: readonly PolicyDrift[] | undefined,
  { previous, corrected, now }: { readonly previous: ManagedPolicyStatus | undefined; readonly corrected: boolean; readonly now: Instant },
): readonly PolicyDrift[] {
  const before = (previous?.drift ?? []).filter(({ correctedAt }) => correctedAt === undefined || now - correctedAt < KEPT_MS);
  if (found === undefined) return before;
  const open = before.filter((drift) => drift.correctedAt === undefined);
  const goesOn = new Map(corrected ? [] : open.map((drift) => [keyOf(drift), drift]));
  const current = found.map((drift) => ({ ...drift, firstSeen: goesOn.get(keyOf(drift))?.firstSeen ?? now }));
  const still = new Set(current.map(keyOf));
  const ended = open.filter((drift) => corrected || !still.has(keyOf(drift))).map((drift) => ({ ...drift, correctedAt: now }));
  const past = before.filter(({ correctedAt }) => correctedAt !== undefined);
  return [...current, ...ended, ...past].slice(0, KEPT_MAX);
}

function keyOf({ path, observed }: PolicyDrift): string {
  return `${path}\n${observed ?? ""}`;
}
