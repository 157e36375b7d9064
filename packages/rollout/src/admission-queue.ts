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

/** Whoever was let in begins its deadlines now: standing in a queue is no want of progress. */
export function afterQueue(round: Round, operation: Operation): Operation {
  if (!wantsSlot(operation) || waitingSince(round.previousWaits, "AdmissionQueue", CLUSTER) === undefined) return operation;
  return { ...operation, control: { ...operation.control, resumedAt: round.now } };
}
