import type { Instant } from "./brand.ts";
import { timeOf } from "./date-time.ts";

/**
 * A preflight rule that may fail for a while, because somebody has said why. In force before `expiresAt`; from then on the rule counts again,
 * which keeps further nodes from being switched on and switches none off.
 */
export type PreflightOverride = {
  /** `PF-` and three digits; of a rule that declares itself overridable. */
  readonly ruleId: string;
  /** 1–512 characters of somebody's own text, kept as it came; to be shown through `visibleText`. */
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
};

/** What overrides are judged by when they are set. */
export type OverrideBounds = { readonly now: Instant; readonly overridableRules: readonly string[] };

/** What is wrong with one of them: `member` as `preflightOverrides[0].expiresAt`. */
export type OverrideFault = { readonly member: string; readonly message: string };

const MEMBER = "preflightOverrides";
/** More than rules that may be overridden, few enough to be read. */
export const PREFLIGHT_OVERRIDES_MAX = 20;
const REASON_LENGTH_MAX = 512;
/** A quarter: whoever overrides a rule looks at it again four times a year. */
export const OVERRIDE_DAYS_MAX = 90;
const DAY_MS = 86_400_000;
const MEMBERS: readonly string[] = ["ruleId", "reason", "expiresAt"];

/** Overrides as they are kept (times in UTC), or every fault of what was given. */
export function parseOverrides(
  given: unknown,
  bounds: OverrideBounds,
): { readonly overrides: readonly PreflightOverride[] } | { readonly faults: readonly OverrideFault[] } {
  if (!Array.isArray(given)) return { faults: [{ member: MEMBER, message: `${MEMBER} must be a list.` }] };
  const entries: readonly unknown[] = given;
  if (entries.length > PREFLIGHT_OVERRIDES_MAX) {
    const message = `${MEMBER} has at most ${PREFLIGHT_OVERRIDES_MAX} entries; the request has ${entries.length}.`;
    return { faults: [{ member: MEMBER, message }] };
  }
  const faults = [...entries.flatMap((entry, index) => entryFaults(entry, `${MEMBER}[${index}]`, bounds)), ...twice(entries)];
  if (faults.length > 0) return { faults };
  const overrides = (entries as readonly PreflightOverride[]).map(({ ruleId, reason, expiresAt }) => ({
    ruleId,
    reason,
    expiresAt: new Date(timeOf(expiresAt)).toISOString(),
  }));
  return { overrides };
}

function entryFaults(entry: unknown, at: string, bounds: OverrideBounds): readonly OverrideFault[] {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return [{ member: at, message: `${at} must be an object.` }];
  const { ruleId, reason, expiresAt } = entry as Readonly<Record<string, unknown>>;
  const told = { ruleId: ruleFault(ruleId, bounds), reason: reasonFault(reason), expiresAt: expiryFault(expiresAt, bounds.now) };
  const unknown = Object.keys(entry)
    .filter((member) => !MEMBERS.includes(member))
    .map((member) => ({ member: `${at}.${member}`, message: `There is no member '${member}' in an override.` }));
  return [
    ...Object.entries(told).flatMap(([member, message]) =>
      message === undefined ? [] : [{ member: `${at}.${member}`, message: `${at}.${member} ${message}` }],
    ),
    ...unknown,
  ];
}

function ruleFault(ruleId: unknown, { overridableRules }: OverrideBounds): string | undefined {
  if (typeof ruleId === "string" && overridableRules.includes(ruleId)) return undefined;
  return `must be the id of a rule that may be overridden: ${overridableRules.join(", ") || "there is none"}.`;
}

function reasonFault(reason: unknown): string | undefined {
  if (typeof reason === "string" && reason.trim() !== "" && [...reason].length <= REASON_LENGTH_MAX) return undefined;
  return `must say why, in 1 to ${REASON_LENGTH_MAX} characters.`;
}

function expiryFault(expiresAt: unknown, now: Instant): string | undefined {
  const at = typeof expiresAt === "string" ? timeOf(expiresAt) : Number.NaN;
  if (Number.isNaN(at)) return "must be a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z.";
  if (at <= now) return "must be in the future.";
  return at - now > OVERRIDE_DAYS_MAX * DAY_MS ? `must be at most ${OVERRIDE_DAYS_MAX} days ahead.` : undefined;
}

function twice(entries: readonly unknown[]): readonly OverrideFault[] {
  const ids = entries.map((entry) => (entry as { readonly ruleId?: unknown } | null)?.ruleId);
  return ids.flatMap((id, index) => {
    if (typeof id !== "string" || ids.indexOf(id) === index) return [];
    const member = `${MEMBER}[${index}].ruleId`;
    return [{ member, message: `${member} is overridden already by an entry before it.` }];
  });
}
