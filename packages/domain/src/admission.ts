import type { Instant, OperationId } from "./brand.ts";
import type { Operation } from "./operation.ts";

/** How many operations may be in their active phases at once. */
export type AdmissionLimits = { readonly global: number; readonly subscription: number; readonly region: number };

/** Unless said: ten subscriptions can fill the whole, two regions nearly so. */
export const defaultAdmission: AdmissionLimits = { global: 50, subscription: 10, region: 20 };
/** Both ends allowed, for each of them. */
export const admissionBounds = { min: 1, max: 10_000 } as const;

/** What decides whether an operation counts. */
type Standing = Pick<Operation, "kind" | "phase" | "error" | "cancelRequested" | "control">;

/** An operation that has not ended, and where it counts. `scopes`: names of its subscription and region. */
export type Applicant = Pick<Operation, "id" | "kind" | "phase" | "error" | "cancelRequested" | "control" | "startedAt"> & {
  readonly subscription: string;
  readonly region: string;
};

/** A limit that is reached. */
export type FullScope = { readonly scope: "Global" | "Subscription" | "Region"; readonly limit: number };

/** Whether an operation may begin or go on. `position`: 1 is next among all that wait. `full` is never empty. */
export type Admission =
  | { readonly kind: "Admitted" }
  | { readonly kind: "Waits"; readonly position: number; readonly full: readonly FullScope[] };

/** Whether operations of a kind stand in the queue. Those that switch off wait for nobody. */
export function waitsItsTurn(kind: Operation["kind"]): boolean {
  return kind === "EnableHostRouting" || kind === "UpgradeBundle" || kind === "CreateManagedCluster";
}

/**
 * Whether an operation is to be let in before it goes on: one that switches on and was accepted, or was paused and resumed, or has rested and could go on.
 * Switching off waits for nobody, and what winds down frees its place.
 */
export function wantsSlot(operation: Standing): boolean {
  const { kind, phase, error, cancelRequested, control } = operation;
  if (!waitsItsTurn(kind) || error !== undefined || cancelRequested || control.pause !== undefined) return false;
  if (control.provision !== undefined) return false;
  return phase === "Accepted" || phase === "Paused" || control.rest?.isOver === true;
}

/** Whether an operation counts: it is under way and not resting. In `Pausing` its nodes still move. */
export function holdsSlot({ phase, control }: Pick<Operation, "phase" | "control">): boolean {
  return control.rest === undefined && !["Accepted", "Paused", "Succeeded", "Failed", "Canceled"].includes(phase);
}

/** Whether an operation takes a place by becoming `after`. What winds down counts, and asks nobody. */
export function takesSlot(before: Standing, after: Standing): boolean {
  return wantsSlot(before) && holdsSlot(after) && after.error === undefined && after.phase !== "Canceling";
}

type Counts = { global: number; readonly subscription: Map<string, number>; readonly region: Map<string, number> };

const countOf = (counts: ReadonlyMap<string, number>, name: string): number => counts.get(name) ?? 0;
const add = (counts: Map<string, number>, name: string): void => void counts.set(name, countOf(counts, name) + 1);

/**
 * Whether the operation of this id may take a place now, out of all that have not ended. Oldest first. One that waits keeps the next places of its
 * subscription and region for itself, and of the whole when nothing but the whole is full: otherwise younger ones that need less would overtake it for ever. Pure.
 */
export function judgeAdmission(all: readonly Applicant[], id: OperationId, limits: AdmissionLimits): Admission {
  const counts: Counts = { global: 0, subscription: new Map(), region: new Map() };
  for (const holder of all.filter(holdsSlot)) take(counts, holder, true);
  const waiting = all.filter(wantsSlot).toSorted((a, b) => compare(a, b));
  let position = 0;
  for (const applicant of waiting) {
    const full = fullScopes(counts, applicant, limits);
    if (full.length > 0) position += 1;
    if (applicant.id === id) return full.length === 0 ? { kind: "Admitted" } : { kind: "Waits", position, full };
    take(
      counts,
      applicant,
      full.every(({ scope }) => scope === "Global"),
    );
  }
  return { kind: "Admitted" };
}

function compare(a: { startedAt: Instant; id: OperationId }, b: { startedAt: Instant; id: OperationId }): number {
  return a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1);
}

function take(counts: Counts, { subscription, region }: Applicant, isOfWhole: boolean): void {
  if (isOfWhole) counts.global += 1;
  add(counts.subscription, subscription);
  add(counts.region, region);
}

function fullScopes(counts: Counts, { subscription, region }: Applicant, limits: AdmissionLimits): readonly FullScope[] {
  const taken = [
    { scope: "Global", limit: limits.global, count: counts.global },
    { scope: "Subscription", limit: limits.subscription, count: countOf(counts.subscription, subscription) },
    { scope: "Region", limit: limits.region, count: countOf(counts.region, region) },
  ] as const;
  return taken.filter(({ limit, count }) => count >= limit).map(({ scope, limit }) => ({ scope, limit }));
}
