import { wantsSlot, type FullScope, type Operation } from "@hostrouting/domain";
import { stepNodes, type Outcome, type Round } from "./round.ts";
import { CLUSTER, waitingSince } from "./waits.ts";

/** The next in turn looks each second, the others less often, since each look counts all that wait. */
const LOOK_MS = 1_000;
const LOOK_MAX_MS = 30_000;

const SCOPES: Readonly<Record<FullScope["scope"], string>> = {
  Global: "in all",
  Subscription: "of its subscription",
  Region: "of its region",
};

/** Holds an operation where it is until there is a place for it; nothing when there is one, or when it asks for none. */
export function awaitAdmission(round: Round, operation: Operation): Outcome | undefined {
  const { admission } = round.snapshot;
  if (admission?.kind !== "Waits" || !wantsSlot(operation)) return undefined;
  const { position, full } = admission;
  const limits = full.map(({ scope, limit }) => `${limit} ${SCOPES[scope]}`).join(", ");
  const stepped = stepNodes(round, operation.mode, false);
  const message = `Number ${position} in the queue: as many operations as may go on at once are under way (${limits}).`;
  return {
    ...stepped,
    operation,
    waits: [...stepped.waits, { reason: "AdmissionQueue", subject: CLUSTER, message }],
    lookAgainInMs: Math.min(LOOK_MAX_MS, LOOK_MS * position),
    history: [],
  };
}

/** Whoever is let in begins its deadlines now: what it stood in the queue does not count as its own. A pause that it stood there with counts as a whole. */
export function afterQueue(round: Round, operation: Operation): Operation {
  const since = waitingSince(round.previousWaits, "AdmissionQueue", CLUSTER);
  if (!wantsSlot(operation) || operation.phase === "Paused" || since === undefined) return operation;
  const { control } = operation;
  return { ...operation, control: { ...control, resumedAt: round.now, waitedMs: (control.waitedMs ?? 0) + round.now - since } };
}
