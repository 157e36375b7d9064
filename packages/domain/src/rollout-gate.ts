import type { PolicyFault } from "./policy-fault.ts";
import { timeOf } from "./date-time.ts";

/** Where in an operation that switches nodes on a gate may stand; those about batches stand before or after each of them. */
export const gatePlaces = ["BeforeCluster", "BeforeCanaries", "AfterCanaries", "BeforeBatch", "AfterBatch", "AfterCluster"] as const;

/** One of them. `BeforeCluster`: preflight has passed and nothing was touched; `AfterCluster`: all nodes are enabled and have soaked. */
export type GatePlace = (typeof gatePlaces)[number];

/**
 * Holds an operation until somebody approves, until a time, or until a webhook lets it go on. `twoPersons`: whoever asked for the operation cannot
 * approve it; `startsAt`: ISO 8601, UTC. The webhook at `url` is asked every `intervalSeconds` (5–3,600) and may take `timeoutSeconds` (1–30).
 */
export type RolloutGate =
  | { readonly id: string; readonly at: GatePlace; readonly kind: "Approval"; readonly twoPersons: boolean }
  | { readonly id: string; readonly at: GatePlace; readonly kind: "ScheduledStart"; readonly startsAt: string }
  | WebhookGate;

/** A gate that a webhook opens. */
export type WebhookGate = {
  readonly id: string;
  readonly at: GatePlace;
  readonly kind: "Webhook";
  readonly url: string;
  readonly timeoutSeconds: number;
  readonly intervalSeconds: number;
};

/** As many as anybody could name. */
export const GATES_MAX = 10;
const MEMBER = "gates";
const ID = /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;
const MEMBERS = {
  Approval: ["id", "at", "kind", "twoPersons"],
  ScheduledStart: ["id", "at", "kind", "startsAt"],
  Webhook: ["id", "at", "kind", "url", "timeoutSeconds", "intervalSeconds"],
} as const;
const KINDS = Object.keys(MEMBERS) as readonly (keyof typeof MEMBERS)[];
const URL_LENGTH_MAX = 2_048;
/** A worker holds a connection for as long. */
const TIMEOUT_SECONDS = { min: 1, max: 30, fallback: 10 } as const;
const INTERVAL_SECONDS = { min: 5, max: 3_600, fallback: 30 } as const;

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
  if (gate.kind === "Webhook") {
    const { url, timeoutSeconds = TIMEOUT_SECONDS.fallback, intervalSeconds = INTERVAL_SECONDS.fallback } = gate as Partial<WebhookGate>;
    return { id, at, kind: "Webhook", url: url ?? "", timeoutSeconds, intervalSeconds };
  }
  return { id, at, kind: "ScheduledStart", startsAt: new Date(timeOf(gate.startsAt)).toISOString() };
}

function entryFaults(entry: unknown, place: string): readonly PolicyFault[] {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    return [{ member: place, message: `${place} must be an object.` }];
  const { id, at, kind, twoPersons, startsAt, url, timeoutSeconds, intervalSeconds } = entry as Readonly<Record<string, unknown>>;
  const known = KINDS.find((each) => each === kind);
  const isHook = kind === "Webhook";
  const isTime = typeof startsAt === "string" && !Number.isNaN(timeOf(startsAt));
  const allowed: readonly string[] = known === undefined ? Object.values(MEMBERS).flat() : MEMBERS[known];
  const told: readonly (readonly [member: string, isFine: boolean, message: string])[] = [
    ["id", typeof id === "string" && ID.test(id), "must be a name of 1 to 64 lower-case letters, digits and hyphens"],
    ["at", gatePlaces.some((each) => each === at), `must be one of ${gatePlaces.join(", ")}`],
    ["kind", known !== undefined, `must be one of ${KINDS.join(", ")}`],
    ["twoPersons", kind !== "Approval" || twoPersons === undefined || typeof twoPersons === "boolean", "must be true or false"],
    ["url", !isHook || isHookUrl(url), "must be an address of https, without user, password or fragment, of at most 2048 characters"],
    ["timeoutSeconds", !isHook || isWithin(timeoutSeconds, TIMEOUT_SECONDS), "must be a whole number from 1 to 30"],
    ["intervalSeconds", !isHook || isWithin(intervalSeconds, INTERVAL_SECONDS), "must be a whole number from 5 to 3600"],
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

/** Which host may be asked is judged when it is: names may mean other addresses by then. */
function isHookUrl(value: unknown): boolean {
  if (typeof value !== "string" || value.length > URL_LENGTH_MAX) return false;
  const url = URL.parse(value);
  return url !== null && url.protocol === "https:" && url.username === "" && url.password === "" && !value.includes("#");
}

function isWithin(value: unknown, { min, max }: { readonly min: number; readonly max: number }): boolean {
  return value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max);
}

function twice(entries: readonly unknown[]): readonly PolicyFault[] {
  const ids = entries.map((entry) => (entry as { readonly id?: unknown } | null)?.id);
  return ids.flatMap((id, index) => {
    if (typeof id !== "string" || ids.indexOf(id) === index) return [];
    const member = `${MEMBER}[${index}].id`;
    return [{ member, message: `${member} is the name of a gate before it.` }];
  });
}
