import { AppError, type ProvisioningClaim, type ProvisioningOutcome } from "@hostrouting/domain";
import { readWish, type ClusterWish } from "./cluster-wish.ts";
import { decideStep, type LabStep } from "./decide-step.ts";
import { failureOutcome } from "./failure-outcome.ts";
import type { Labs } from "./labs.ts";
import { requireRoom } from "./machine-room.ts";
import type { Lane } from "./one-at-a-time.ts";
import { stepTitle, stepWords } from "./step-words.ts";

/** What a cluster is brought about with. */
export type BringingAbout = {
  readonly labs: Labs;
  readonly lane: Lane;
  /** `Abort`: the step that is being done is to be broken off; `Superseded`: it may end, and nothing comes after it. */
  readonly ending: { readonly abort: AbortSignal; isSuperseded(): boolean };
  /** Shown as what the operation waits for. */
  readonly say: (message: string) => void;
  /** Called before a cluster is said to be there for the first time since a request, or since it was made anew. May be repeated. */
  readonly onReady: () => Promise<void>;
  readonly limits: StepLimits;
};

/** How long each step may take before it is broken off, in milliseconds. */
export type StepLimits = Readonly<Record<LabStep["kind"], number>>;

/** A cluster of two nodes takes 10 to 20 s where images are there, and a minute or two where not; a node takes 3 s, a drain at most 60 s. */
export const STEP_LIMITS: StepLimits = { Build: 15 * 60_000, AddNode: 3 * 60_000, RetireNode: 2 * 60_000, DropNode: 60_000 };

/** When a cluster that is as wished is looked after again: whether its processes still run. */
const LOOK_AGAIN_MS = 30_000;

/** More steps than any change of 16 nodes has; past it something undoes what is done. */
const STEPS_MAX = 64;

/** Makes a cluster as its claim wishes, step by step, looking anew after each. Never throws: what goes wrong is the outcome. */
export async function bringAbout(claim: ProvisioningClaim, around: BringingAbout): Promise<ProvisioningOutcome> {
  try {
    if (claim.present) return await makeSo(claim, around);
    around.say(stepWords({ kind: "Removing" }));
    await around.labs.remove(claim.clusterId);
    return { kind: "Removed" };
  } catch (error) {
    return over(around) ?? failureOutcome(error);
  }
}

async function makeSo(claim: ProvisioningClaim, around: BringingAbout): Promise<ProvisioningOutcome> {
  const wish = readWish(claim.cluster);
  let isNew = claim.phase === "Pending";
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const ended = over(around);
    if (ended !== undefined) return ended;
    const step = decideStep(wish.pools, await around.labs.see(wish.id));
    // What is brought back may have more nodes by now than it had: they are nobody's to take away before the next request.
    if (step === undefined || (claim.phase === "Stopped" && step.kind === "RetireNode")) {
      if (isNew) await around.onReady();
      return { kind: "Done", facts: await around.labs.finish(wish), lookAgainInMs: LOOK_AGAIN_MS };
    }
    isNew ||= step.kind === "Build";
    const queued = (ahead: number): void => around.say(stepWords({ kind: "Queued", step, ahead }));
    await around.lane.run(async () => {
      if (over(around) === undefined) await doStep(wish, step, around);
    }, queued);
  }
  throw new AppError("step.no-end", { say: `After ${STEPS_MAX} steps cluster ${wish.name} is not as it is wished for`, do: "" });
}

/** Somebody else has it, something else is wished for, or this process ends: whoever claims next goes on from what is there. */
function over({ ending }: BringingAbout): ProvisioningOutcome | undefined {
  if (!ending.abort.aborted && !ending.isSuperseded()) return undefined;
  return { kind: "Later", message: "", lookAgainInMs: 0 };
}

async function doStep(wish: ClusterWish, step: LabStep, { labs, ending, say, limits }: BringingAbout): Promise<void> {
  const detailed = (detail: string): void => say(stepWords({ kind: "Doing", step, detail }));
  detailed("");
  if (step.kind === "Build" || step.kind === "AddNode") {
    const more = step.kind === "Build" ? { clusters: 1, nodes: step.nodes } : { clusters: 0, nodes: step.missing };
    requireRoom(await labs.room(step.kind === "Build" ? wish.id : undefined), more);
  }
  const limit = AbortSignal.timeout(limits[step.kind]);
  try {
    await labs.do(wish, step, { signal: AbortSignal.any([ending.abort, limit]), say: detailed });
  } catch (cause) {
    if (!limit.aborted || ending.abort.aborted) throw cause;
    throw new AppError("step.timed-out", {
      say: `${stepTitle(step)}: this did not end within ${limits[step.kind] / 1000} s`,
      do: "Look at the logs of the lab, and ask again.",
      cause,
    });
  }
}
