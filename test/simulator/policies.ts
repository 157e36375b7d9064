import { productionPolicy, type RolloutPolicy } from "@hostrouting/domain";
import type { Random } from "./random.ts";

/** Leases of the simulation: as in development. */
export const LEASE_MS = 10_000;

/** A rollout policy within its bounds: production's checks, waits short enough for many runs, and every choice that changes the engine's way. */
export function drawPolicy(random: Random): RolloutPolicy {
  const gate = { id: "board", at: random.pick(["BeforeCluster", "AfterCanaries", "BeforeBatch", "AfterCluster"] as const) };
  return {
    ...productionPolicy,
    nodeAction: random.pick(["SwitchInPlace", "DrainAndSwitch"]),
    maxUnavailable: random.pick([1, 1, 2]),
    maxBlockedNodes: random.pick([0, 1, "50%"]),
    maxFailedNodes: random.pick([0, 1, "50%"]),
    minSuccessPercent: random.pick([100, 50]),
    onNodeFailure: random.pick(["RevertNode", "Hold"]),
    onFailure: random.pick(["Pause", "Fail"]),
    canaryPerStratum: random.pick([0, 1]),
    canarySoakMs: random.pick([0, 2_000]),
    batchPlan: random.pick([[], [1], [1, "50%"]]),
    batchSoakMs: random.pick([0, 1_000]),
    finalSoakMs: random.pick([0, 2_000]),
    nodeSoakMs: random.pick([0, 1_000]),
    drainTimeoutMs: random.pick([15_000, 60_000]),
    undrainableNodeBehavior: random.pick(["Schedule", "Cordon", "Fail"]),
    confirmSeconds: random.pick([10, 30]),
    verifyIntervalMs: 1_000,
    installTimeoutMs: 60_000,
    switchTimeoutMs: random.pick([15_000, 30_000]),
    leaseMs: LEASE_MS,
    progressDeadlineMs: 5 * 60_000,
    analysisMode: random.pick(["Off", "Report", "Enforce"]),
    analysisInitialDelayMs: random.pick([0, 5_000]),
    analysisIntervalMs: 5_000,
    analysisCount: random.pick([1, 3]),
    gates: random.chance(0.2) ? [{ ...gate, kind: "Approval", twoPersons: random.chance(0.5) }] : [],
  };
}
