import { wantsSlot, type Admission, type FullScope, type Operation } from "@hostrouting/domain";
import { AFTER_WRITE_MS, stepNodes, type Outcome, type Round } from "./round.ts";
import { CLUSTER, waitingSince, type WaitDraft } from "./waits.ts";

/** The next in turn looks each second, the others less often, since each look counts all that wait. */
const LOOK_MS = 1_000;
const LOOK_MAX_MS = 30_000;

const SCOPES: Readonly<Record<FullScope["scope"], string>> = {
  Global: "in all",
  Subscription: "of its subscription",
  Region: "of its region",
};

/** The wait of an operation that stands in the queue, and when to look again. `admission`: undefined in the round that begins to ask. */
export function queueWait(admission: Admission | undefined): { readonly wait: WaitDraft; readonly lookAgainInMs: number } {
  const wait = { reason: "AdmissionQueue", subject: CLUSTER } as const;
  if (admission?.kind !== "Waits")
    return { wait: { ...wait, message: "It gave its place away while it waited, and asks for it again." }, lookAgainInMs: AFTER_WRITE_MS };
  const { position, full } = admission;
  const limits = full.map(({ scope, limit }) => `${limit} ${SCOPES[scope]}`).join(", ");
  const message = `Number ${position} in the queue: as many operations as may go on at once are under way (${limits}).`;
  return { wait: { ...wait, message }, lookAgainInMs: Math.min(LOOK_MAX_MS, LOOK_MS * position) };
}

/** Holds an operation that was accepted or resumed until there is a place for it; nothing when there is one, or when it asks for none. */
export function awaitAdmission(round: Round, operation: Operation): Outcome | undefined {
  const { admission } = round.snapshot;
  if (admission?.kind !== "Waits" || !wantsSlot(operation) || operation.control.rest !== undefined) return undefined;
  const { wait, lookAgainInMs } = queueWait(admission);
  const stepped = stepNodes(round, operation.mode, false);
  return { ...stepped, operation, waits: [...stepped.waits, wait], lookAgainInMs, history: [] };
}

/** Whoever is let in begins its deadlines now: what it stood in the queue does not count as its own. A pause, or a rest, counts as a whole. */
export function afterQueue(round: Round, operation: Operation): Operation {
  const since = waitingSince(round.previousWaits, "AdmissionQueue", CLUSTER);
  if (!wantsSlot(operation) || operation.phase !== "Accepted" || since === undefined) return operation;
  const { control } = operation;
  return { ...operation, control: { ...control, resumedAt: round.now, waitedMs: (control.waitedMs ?? 0) + round.now - since } };
}
