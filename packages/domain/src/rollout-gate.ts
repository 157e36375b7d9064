import type { PolicyFault } from "./policy-fault.ts";
import { timeOf } from "./date-time.ts";

/** Where in an operation that switches nodes on a gate may stand; those about batches stand before or after each of them. */
export const gatePlaces = ["BeforeCluster", "BeforeCanaries", "AfterCanaries", "BeforeBatch", "AfterBatch", "AfterCluster"] as const;

/** One of them. `BeforeCluster`: preflight has passed and nothing was touched; `AfterCluster`: all nodes are enabled and have soaked. */
export type GatePlace = (typeof gatePlaces)[number];

/**
 * Holds an operation until somebody approves, or until a time. `twoPersons`: whoever asked for the operation cannot approve it; `startsAt`:
 * ISO 8601, UTC.
 */
export type RolloutGate =
  | { readonly id: string; readonly at: GatePlace; readonly kind: "Approval"; readonly twoPersons: boolean }
  | { readonly id: string; readonly at: GatePlace; readonly kind: "ScheduledStart"; readonly startsAt: string };

/** As many as anybody could name. */
export const GATES_MAX = 10;
const MEMBER = "gates";
const ID = /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;
const MEMBERS = { Approval: ["id", "at", "kind", "twoPersons"], ScheduledStart: ["id", "at", "kind", "startsAt"] } as const;

/** Gates as they are kept, or every fault of what was given. A start in the past is one that has come. Pure. */
export function parseGates(given: unknown): { readonly gates: readonly RolloutGate[] } | { readonly faults: readonly PolicyFault[] } {
  if (!Array.isArray(given) || given.length > GATES_MAX)
    return { faults: [{ member: MEMBER, message: `${MEMBER} must be a list of at most ${GATES_MAX} gates.` }] };
  const entries: readonly unknown[] = given;
  const faults = [...entries.flatMap((entry, index) => entryFaults(entry, `${MEMBER}[${index}]`)), ...twice(entries)];
  return faults.length > 0 ? { faults } : { gates: (entries as readonly RolloutGate[]).map(kept) };
}

function kept(gate: RolloutGate): RolloutGate {
  const { id, at } = gate;
  if (gate.kind === "Approval") return { id, at, kind: "Approval", twoPersons: (gate as { twoPersons?: boolean }).twoPersons ?? false };
  return { id, at, kind: "ScheduledStart", startsAt: new Date(timeOf(gate.startsAt)).toISOString() };
}

function entryFaults(entry: unknown, place: string): readonly PolicyFault[] {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    return [{ member: place, message: `${place} must be an object.` }];
  const { id, at, kind, twoPersons, startsAt } = entry as Readonly<Record<string, unknown>>;
  const isKind = kind === "Approval" || kind === "ScheduledStart";
  const isTime = typeof startsAt === "string" && !Number.isNaN(timeOf(startsAt));
  const allowed: readonly string[] = isKind ? MEMBERS[kind] : [...MEMBERS.Approval, "startsAt"];
  const told: readonly (readonly [member: string, isFine: boolean, message: string])[] = [
    ["id", typeof id === "string" && ID.test(id), "must be a name of 1 to 64 lower-case letters, digits and hyphens"],
    ["at", gatePlaces.some((each) => each === at), `must be one of ${gatePlaces.join(", ")}`],
    ["kind", isKind, "must be one of Approval, ScheduledStart"],
    ["twoPersons", kind !== "Approval" || twoPersons === undefined || typeof twoPersons === "boolean", "must be true or false"],
    ["startsAt", kind !== "ScheduledStart" || isTime, "must be a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z"],
  ];
  return [
    ...told.flatMap(([member, isFine, message]) =>
      isFine ? [] : [{ member: `${place}.${member}`, message: `${place}.${member} ${message}.` }],
    ),
    ...Object.keys(entry)
      .filter((member) => !allowed.includes(member))
      .map((member) => ({ member: `${place}.${member}`, message: `There is no member '${member}' in this kind of gate.` })),
  ];
}

function twice(entries: readonly unknown[]): readonly PolicyFault[] {
  const ids = entries.map((entry) => (entry as { readonly id?: unknown } | null)?.id);
  return ids.flatMap((id, index) => {
    if (typeof id !== "string" || ids.indexOf(id) === index) return [];
    const member = `${MEMBER}[${index}].id`;
    return [{ member, message: `${member} is the name of a gate before it.` }];
  });
}
