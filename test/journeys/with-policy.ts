import { developmentPolicy, type RolloutPolicy } from "@hostrouting/domain";
import type { Stage } from "./stage.ts";

/** Nodes follow one another as always, and nobody looks long at one that is on: for journeys that show something else than patience. */
export const SHORT_SOAKS = { canarySoakMs: 0, batchSoakMs: 0, finalSoakMs: 0, nodeSoakMs: 500 } satisfies Partial<RolloutPolicy>;

/** All nodes of the lab at once: for journeys that show who asked, and not how nodes follow one another. */
export const ALL_AT_ONCE = { ...SHORT_SOAKS, canaryPerStratum: 0, maxUnavailable: 3, batchPlan: [3] } satisfies Partial<RolloutPolicy>;

/** Runs something while members of the policy are others; afterwards they are again what the lab was registered with. */
export async function withPolicy<Result>(stage: Stage, members: Partial<RolloutPolicy>, run: () => Promise<Result>): Promise<Result> {
  const names = Object.keys(members) as (keyof RolloutPolicy)[];
  await stage.arm.setPolicy(members);
  try {
    return await run();
  } finally {
    await stage.arm.setPolicy(Object.fromEntries(names.map((name) => [name, developmentPolicy[name]])));
  }
}
