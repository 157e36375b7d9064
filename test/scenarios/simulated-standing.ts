import { as, type Instant, type StandingRules } from "@hostrouting/domain";
import { clusterProfile, standingRules, type ClusterFacts } from "@hostrouting/preflight";
import type { Simulation } from "@hostrouting/rollout";

const NOT_READ = { known: false, because: "no scenario needs it" } as const;

/** What the rules that may be overridden say of a simulated cluster; agents tell of their kernels as soon as there are agents. */
export function simulatedStanding(simulation: Simulation): StandingRules {
  const nodes = [...simulation.nodes.values()].map(({ name, ready, guardRung }) => ({
    name,
    pool: "user",
    os: "linux",
    osSkuEffective: "",
    osImage: "",
    upgradeStatus: "",
    instanceType: "",
    kubeletVersion: "",
    kernelVersion: "",
    createdAtMs: undefined,
    ready,
    cordoned: false,
    allocatable: undefined,
    agentOs: undefined,
    preconditions: undefined,
    scan: undefined,
    masqueradeConfig: undefined,
    connections: undefined,
    bundleImage: undefined,
    guardRung: simulation.hasBundle ? guardRung : undefined,
  }));
  const facts: ClusterFacts = {
    driver: "bundle",
    now: as<Instant>(simulation.nowMs),
    ruleset: simulation.policy.ruleset,
    nodeAction: simulation.policy.nodeAction,
    drainTimeoutMs: simulation.policy.drainTimeoutMs,
    maxUnavailable: simulation.policy.maxUnavailable,
    nodeTimeoutMs: 0,
    maintenance: { mode: "Ignore", minRemainingMinutes: 0, configurations: {} },
    profile: clusterProfile({}),
    provisioningState: "Succeeded",
    ownOperation: false,
    poolStates: {},
    serverVersion: NOT_READ,
    clockAheadMs: NOT_READ,
    pods: NOT_READ,
    budgets: NOT_READ,
    admission: NOT_READ,
    azure: NOT_READ,
    nodes: { known: true, value: nodes },
    policyMode: simulation.policy.policyMode,
    managedPolicy: NOT_READ,
    permissions: NOT_READ,
    ciliumPermissions: NOT_READ,
    cilium: NOT_READ,
  };
  return standingRules(facts, { overrides: simulation.policy.preflightOverrides, now: as<Instant>(simulation.nowMs) });
}
