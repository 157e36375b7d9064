import { unreachable } from "@hostrouting/domain";
import type { WorldFault } from "./faults.ts";
import type { NodeTruth, SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const PAUSE_MIN_MS = 300;
const PAUSE_MAX_MS = 6_000;
const LASTS_MIN_MS = 500;
const LASTS_MAX_MS = 25_000;
const CLOCK_STEP_MAX_MS = 10 * 60_000;
const NODES_MAX_OVER = 3;
const POLICY = "block-azure-destinations";

/** Strikes the world now and then, for as long as faults are on. */
export function startChaos(world: SimulatedWorld, nodesMax: number): void {
  const { scheduler, random, faults } = world;
  const kinds = faults.world.filter((kind) => kind !== "WatchSilent" && kind !== "BellLost");
  const next = (): void => {
    scheduler.after(random.between(PAUSE_MIN_MS, PAUSE_MAX_MS), "something happens", {
      run: () => {
        if (!faults.areOn) return;
        if (kinds.length > 0)
          strike(world, { kind: random.pick(kinds), cluster: random.pick(world.clusters), nodesMax: nodesMax + NODES_MAX_OVER });
        next();
      },
    });
  };
  next();
}

/** Ends everything that still lasts: machines are well, everything answers. What people did and what was lost stays so. */
export function calm(world: SimulatedWorld): void {
  world.faults.areOn = false;
  world.wire.databaseIsAway = false;
  for (const process of world.workers.values()) process.pausedUntilMs = Math.min(process.pausedUntilMs, world.scheduler.nowMs);
  for (const cluster of world.clusters) {
    const { fake } = cluster;
    fake.unreachable = false;
    fake.aheadMs = 0;
    cluster.budgetBlockedUntilMs = 0;
    if (fake.config?.spec.emergencyOff === true) setEmergency(cluster, false);
    for (const truth of cluster.truths.values()) {
      Object.assign(truth, { silentUntilMs: 0, paceMs: 1_000, clockAheadMs: Math.max(0, truth.clockAheadMs) });
      const agent = fake.agents.get(truth.name);
      if (agent !== undefined) Object.assign(agent, { missConfirm: false, probesFail: false });
      fake.setReady(truth.name, true);
    }
    cluster.changed();
  }
}

type Strike = { readonly kind: WorldFault; readonly cluster: SimulatedCluster; readonly nodesMax: number };

function strike(world: SimulatedWorld, { kind, cluster, nodesMax }: Strike): void {
  const { random, scheduler, faults } = world;
  const truths = [...cluster.truths.values()];
  const truth = random.pick(truths);
  const agent = cluster.fake.agents.get(truth.name);
  const lastsMs = random.between(LASTS_MIN_MS, LASTS_MAX_MS);
  const later = (what: string, run: () => void): void => void scheduler.after(lastsMs, what, { run });
  faults.count(kind);
  scheduler.tell(`${kind} in ${cluster.name}, ${truth.name}`);
  switch (kind) {
    case "WorkerCrash":
      return world.crash(random.pick([...world.workers.values()]));
    case "NewRelease":
      return world.release();
    case "WorkerClockStep":
      cluster.fake.aheadMs = random.between(-CLOCK_STEP_MAX_MS, CLOCK_STEP_MAX_MS);
      return later("the clock is right again", () => (cluster.fake.aheadMs = 0));
    case "DatabaseAway":
      world.wire.databaseIsAway = true;
      return later("the database is back", () => (world.wire.databaseIsAway = false));
    case "ApiServerAway":
      cluster.fake.unreachable = true;
      return later(`the API server of ${cluster.name} is back`, () => (cluster.fake.unreachable = false));
    case "NodeGone":
      return truths.length > 1 ? cluster.removeNode(truth.name) : undefined;
    case "NodeReplaced":
      cluster.removeNode(truth.name);
      return cluster.addNode(truth.name);
    case "NodeReboots":
      return cluster.reboot(truth);
    case "NodeJoins":
      return truths.length < nodesMax ? cluster.addNode() : undefined;
    case "AgentSilent":
      truth.silentUntilMs = scheduler.nowMs + lastsMs * 2;
      return;
    case "AgentSlow":
      truth.paceMs = random.between(2_000, 12_000);
      return later("the agent has its pace again", () => (truth.paceMs = 1_000));
    case "AgentClockStep":
      truth.clockAheadMs = random.between(-CLOCK_STEP_MAX_MS, CLOCK_STEP_MAX_MS);
      return;
    case "ProbesFail":
      if (agent !== undefined) agent.probesFail = true;
      return later("probes pass again", () => agent && (agent.probesFail = false));
    case "ConfirmMissed":
      if (agent !== undefined) agent.missConfirm = true;
      return;
    case "BudgetBlocks":
      cluster.budgetBlockedUntilMs = scheduler.nowMs + lastsMs * 2;
      return cluster.replacePods();
    case "WatchSilent":
    case "BellLost":
      return;
    default:
      return meddle(world, { kind, cluster, truth, later });
  }
}

/** What people and other programs do to a cluster. */
function meddle(
  world: SimulatedWorld,
  given: {
    readonly kind: "NodeFlaps" | "CordonByOthers" | "PolicyEdited" | "NodeObjectDeleted" | "BundleDeleted" | "EmergencyOff";
    readonly cluster: SimulatedCluster;
    readonly truth: NodeTruth;
    readonly later: (what: string, run: () => void) => void;
  },
): void {
  const { kind, cluster, truth, later } = given;
  const { fake } = cluster;
  const isThere = (): boolean => cluster.truths.get(truth.uid) === truth;
  switch (kind) {
    case "NodeFlaps":
      fake.setReady(truth.name, false);
      cluster.changed();
      return later(`${truth.name} is Ready again`, () => isThere() && (fake.setReady(truth.name, true), cluster.changed()));
    case "CordonByOthers":
      if (fake.nodes.get(truth.name)?.spec?.unschedulable === true) return;
      fake.cordon(truth.name);
      truth.cordonedByUser = true;
      cluster.changed();
      if (world.random.chance(0.5)) return;
      return later(`somebody uncordons ${truth.name}`, () => {
        if (!isThere()) return;
        truth.cordonedByUser = false;
        fake.uncordon(truth.name);
        cluster.changed();
      });
    case "PolicyEdited":
      if (fake.policies.read(POLICY).kind === "Present") fake.policies.edit(POLICY, "kubectl-edit", { description: "changed by hand" });
      return cluster.changed();
    case "NodeObjectDeleted":
      fake.objects.delete(truth.name);
      return cluster.changed();
    case "BundleDeleted":
      fake.daemonSet = undefined;
      for (const [key, pod] of fake.pods) if (pod.metadata?.namespace === "acns-hostrouting") fake.pods.delete(key);
      return cluster.changed();
    case "EmergencyOff":
      if (fake.config === undefined) return;
      setEmergency(cluster, true);
      return later(`the emergency in ${cluster.name} is over`, () => setEmergency(cluster, false));
    default:
      return unreachable(kind);
  }
}

function setEmergency(cluster: SimulatedCluster, emergencyOff: boolean): void {
  const { fake } = cluster;
  if (fake.config !== undefined) fake.config = { ...fake.config, spec: { ...fake.config.spec, emergencyOff } };
  cluster.changed();
}
