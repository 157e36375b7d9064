import type { ClusterId, NodePhase, Operation } from "@hostrouting/domain";
import { calm, startChaos } from "./chaos.ts";
import type { FaultKind } from "./faults.ts";
import { Invariants, type Broken } from "./invariants.ts";
import { People } from "./people.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { SimulatedWorld, type WorldOptions } from "./simulated-world.ts";

/** What came of one seed. */
export type SeedResult = {
  readonly seed: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly checks: number;
  readonly operations: number;
  /** Kind and end of each operation. */
  readonly ended: readonly string[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly traceHash: string;
  readonly trace: readonly string[];
  /** The world at the end, for whoever looks into a broken run. */
  readonly end: readonly string[];
  readonly broken: Broken | undefined;
};

const FAULTS_MIN_MS = 20_000;
const FAULTS_MAX_MS = 180_000;
/** I13: what was begun under faults has ended this long after them, or names what it waits for; people answer what waits for them. */
const SETTLE_MAX_MS = 12 * 60_000;
/** What was decided last is written after it was recorded. */
const LAST_WRITES_MS = 3_000;
const ATTEND_MS = 5_000;

/** One run: faults for a while, then calm until everything has ended, then off and an empty cluster. */
export async function simulateSeed(options: WorldOptions): Promise<SeedResult> {
  const world = new SimulatedWorld(options);
  const { scheduler } = world;
  const beganMs = scheduler.nowMs;
  const people = new People(world);
  const checks = new Invariants(world, people);
  world.listeners.push(checks);
  await world.begin();
  people.start();
  startChaos(world, options.nodes);
  keepPods(world);
  const after = (ms: number, isOver?: () => boolean): Promise<void> =>
    scheduler.run(scheduler.nowMs + ms, {
      afterStep: () => checks.afterStep(),
      isOver: () => checks.broken !== undefined || (isOver?.() ?? false),
    });
  await after(world.random.between(FAULTS_MIN_MS, FAULTS_MAX_MS));
  calm(world);
  attend(world, people);
  const settle = async (): Promise<void> => {
    const untilMs = scheduler.nowMs + SETTLE_MAX_MS;
    const isOver = (): boolean => world.clusters.every((cluster) => isSettled(world, cluster));
    do {
      await after(untilMs - scheduler.nowMs, isOver);
      await after(LAST_WRITES_MS);
    } while (!isOver() && scheduler.nowMs < untilMs && checks.broken === undefined);
  };
  await settle();
  checks.settled();
  // Off is asked for anew even where it is off: a write that came late may have left something.
  for (const { id } of world.clusters) if (world.managed(id).desiredMode === "None") people.put(id, "BpfVeth");
  await after(LAST_WRITES_MS);
  for (const { id } of world.clusters) people.put(id, "None");
  await after(LAST_WRITES_MS);
  await settle();
  checks.switchedOff();
  return {
    seed: options.seed,
    steps: scheduler.steps,
    simulatedMs: scheduler.nowMs - beganMs,
    checks: checks.count,
    operations: people.accepted.size,
    ended: [...world.store.look().operations.values()].map(endOf),
    faults: world.faults.counts,
    traceHash: scheduler.traceHash(),
    trace: scheduler.trace,
    end: checks.broken === undefined ? [] : world.describe(),
    broken: checks.broken,
  };
}

/** How an operation has ended; what was rolled back is told apart from other failures. */
function endOf({ kind, phase, error }: Operation): string {
  return phase === "Failed" && error?.code.startsWith("Roll") === true ? `${kind} ${phase} ${error.code}` : `${kind} ${phase}`;
}

/** Phases in which a node rests; from any other it goes on by itself. */
const AT_REST: ReadonlySet<NodePhase> = new Set(["Pending", "Enabled", "Disabled", "Failed", "Gone"]);

/** Whether no operation is under way in a cluster, and every node is at rest. */
function isSettled(world: SimulatedWorld, { id }: SimulatedCluster): boolean {
  const row = world.store.look().clusters.get(id);
  if (row === undefined || row.cluster.activeOperationId !== undefined || isToBeUpgraded(world, id)) return false;
  return [...row.nodes.values()].every(({ phase }) => AT_REST.has(phase));
}

/** Whether a newer bundle is to be rolled out by itself: nobody has seen it yet, or its operation is about to begin. */
function isToBeUpgraded(world: SimulatedWorld, id: ClusterId): boolean {
  const { desiredMode, provisioningState } = world.managed(id);
  if (desiredMode !== "BpfVeth" || provisioningState !== "Succeeded" || world.policies.get(id)?.bundleUpgrade !== "Auto") return false;
  const { digest, heldBack } = world.store.look().clusters.get(id)?.status?.bundle ?? {};
  return digest !== world.bundle.digest && heldBack !== world.bundle.digest;
}

/** People look in now and then, as long as the run lasts. */
function attend(world: SimulatedWorld, people: People): void {
  world.scheduler.after(ATTEND_MS, "people look in", {
    run: () => {
      for (const { id } of world.clusters) people.attend(id);
      attend(world, people);
    },
  });
}

/** Pods that left are made again elsewhere. */
function keepPods(world: SimulatedWorld): void {
  world.scheduler.after(2_000, "controllers make pods", {
    run: () => {
      for (const cluster of world.clusters) cluster.replacePods();
      keepPods(world);
    },
  });
}
