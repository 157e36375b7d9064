import {
  productionPolicy,
  type AdmissionLimits,
  type MaintenanceConfigurations,
  type RolloutGate,
  type RolloutPolicy,
} from "@hostrouting/domain";
import type { Random } from "./random.ts";

/** Leases of the simulation: as in development. */
export const LEASE_MS = 10_000;

/** When the nodes of a cluster may be started, as its owner says it and as times: from each of `edges` on they are open or closed, by turns. */
export type Windows = {
  readonly configurations: MaintenanceConfigurations;
  /** In order; closed before the first, open after the last, of which there is an odd number. */
  readonly edges: readonly number[];
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** Windows that open and close within minutes: by times that are not allowed, or a recurring one that opens soon. */
export function drawWindows(random: Random, beginMs: number): Windows {
  if (random.chance(0.3)) {
    const minutes = random.between(1, 3);
    const maintenanceWindow = {
      schedule: { daily: { intervalDays: 1 } },
      ...{ durationHours: 4, utcOffset: "+00:00", startDate: "2025-12-01", startTime: `00:0${minutes}`, notAllowedDates: [] },
    };
    return { configurations: { aksManagedNodeOSUpgradeSchedule: { maintenanceWindow } }, edges: [beginMs + minutes * MINUTE_MS] };
  }
  const edges = [beginMs + random.between(0, 90) * SECOND_MS];
  while ((edges.at(-1) ?? beginMs) < beginMs + 4 * MINUTE_MS || edges.length % 2 === 0)
    edges.push((edges.at(-1) ?? beginMs) + random.between(15, 90) * SECOND_MS);
  const times = [beginMs - MINUTE_MS, ...edges].map((ms) => new Date(ms).toISOString());
  const notAllowedTime = times.flatMap((start, index) => (index % 2 === 0 ? [{ start, end: times[index + 1] ?? start }] : []));
  return { configurations: { default: { timeInWeek: [], notAllowedTime } }, edges };
}

/** How many operations may go on at once. */
export function drawAdmission(random: Random): AdmissionLimits {
  return { global: random.pick([1, 2, 50]), subscription: random.pick([1, 10]), region: random.pick([1, 20]) };
}

function drawGate(random: Random, beginMs: number): RolloutGate {
  const place = { id: "board", at: random.pick(["BeforeCluster", "AfterCanaries", "BeforeBatch", "AfterCluster"] as const) };
  const startsAt = new Date(beginMs + random.between(10, 150) * SECOND_MS).toISOString();
  return random.pick<RolloutGate>([
    { ...place, kind: "Approval", twoPersons: random.chance(0.5) },
    { ...place, kind: "Webhook", url: "https://checks.example/", timeoutSeconds: 5, intervalSeconds: 5 },
    { ...place, kind: "ScheduledStart", startsAt },
  ]);
}

/** A rollout policy within its bounds: production's checks, waits short enough for many runs, and every choice that changes the engine's way. */
export function drawPolicy(random: Random, beginMs: number): RolloutPolicy {
  return {
    ...productionPolicy,
    nodeAction: random.pick(["SwitchInPlace", "DrainAndSwitch"]),
    maxUnavailable: random.pick([1, 1, 2]),
    maxBlockedNodes: random.pick([0, 1, "50%"]),
    maxFailedNodes: random.pick([0, 1, "50%"]),
    minSuccessPercent: random.pick([100, 50]),
    onNodeFailure: random.pick(["RevertNode", "Hold"]),
    onFailure: random.pick(["Pause", "Fail", "Rollback"]),
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
    bundleUpgrade: random.pick(["Auto", "Auto", "Manual"]),
    gates: random.chance(0.3) ? [drawGate(random, beginMs)] : [],
    maintenance: random.pick(["Honor", "Honor", "Ignore"]),
    minRemainingMinutes: random.pick([0, 0, 1]),
  };
}
