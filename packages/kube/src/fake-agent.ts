import type { HostRoutingNodeSpec, HostRoutingNodeStatus } from "@hostrouting/contracts";

/** A node as AKS makes it meets them all. */
const MET = ["LoosePickup", "ConntrackZones", "IpvsConntrack", "PolicyChains", "ForwardPolicy", "UnexpectedRules"].map((name) => ({
  name,
  outcome: "Passed" as const,
  message: "",
}));

const FIRST_PROBE = "2026-01-01T00:00:00Z";

/** What a fake agent and its kernel remember. `missConfirm`: the next switch is taken back unconfirmed; `missed` is its generation. `guardRung`: what it says of its kernel. */
export type FakeAgent = {
  effectiveMode: "BpfVeth" | "Legacy";
  generation: number;
  fencingToken: number;
  confirmed: boolean;
  missConfirm: boolean;
  missed: number;
  guardRung?: "Lsm" | "FmodRet" | "Audit" | "Unsupported";
  /** What its scan says; absent: it has not scanned. */
  rules?: "Clean" | "Dirty" | "Unknown";
  /** Whether the node's own rules deny what our policy denies; they do unless said. */
  platformRules?: "Present" | "Missing" | "Unknown";
  /** When its kernel takes back a switch that nobody confirms, by the clock of `FakePlace`. */
  confirmByMs?: number | undefined;
  /** The generation that an emergency took back: it stays so when the emergency is over. */
  revoked?: number;
  /** Its probes fail though it has switched. */
  probesFail?: boolean;
};

/** Where a fake agent lives, and when. */
export type FakePlace = {
  readonly own: { readonly uid: string; readonly bootId: string; readonly digest: string };
  readonly nowMs: number;
  /** What the node's own clock shows, which may be wrong. */
  readonly clockMs: number;
  readonly emergencyOff: boolean;
};

function refusal(agent: FakeAgent, spec: HostRoutingNodeSpec, own: FakePlace["own"]): string | undefined {
  if (spec.nodeUID !== own.uid) return "NodeUidMismatch";
  if (spec.fencingToken < agent.fencingToken) return "FencingTokenStale";
  if (spec.generation < agent.generation) return "GenerationStale";
  if (spec.bootID !== own.bootId) return "BootIdMismatch";
  return spec.mode !== "None" && spec.bundleDigest !== own.digest ? "BundleMismatch" : undefined;
}

/** The kernel's own timer: what nobody confirmed in time goes back to the stack, whoever is dead. */
export function passConfirmDeadline(agent: FakeAgent, nowMs: number): void {
  if (agent.confirmByMs === undefined || nowMs < agent.confirmByMs) return;
  agent.missed = agent.generation;
  agent.effectiveMode = "Legacy";
  agent.confirmed = false;
  agent.confirmByMs = undefined;
}

function follow(agent: FakeAgent, spec: HostRoutingNodeSpec, nowMs: number): string {
  const isSwitch = agent.generation !== spec.generation || agent.effectiveMode === "Legacy";
  agent.generation = spec.generation;
  agent.fencingToken = spec.fencingToken;
  if (spec.mode !== "BpfVeth") {
    agent.effectiveMode = "Legacy";
    agent.confirmed = false;
    agent.confirmByMs = undefined;
    return spec.mode === "Observe" ? "Observing" : "Detached";
  }
  if (agent.revoked === spec.generation) {
    agent.effectiveMode = "Legacy";
    return "EmergencyOff";
  }
  if (agent.missConfirm) agent.missed = spec.generation;
  agent.missConfirm = false;
  if (agent.missed === spec.generation) {
    agent.effectiveMode = "Legacy";
    agent.confirmByMs = undefined;
    return "ConfirmMissed";
  }
  agent.effectiveMode = "BpfVeth";
  agent.confirmed = spec.confirmedGeneration === spec.generation;
  if (isSwitch) agent.confirmByMs = nowMs + spec.confirmSeconds * 1_000;
  if (agent.confirmed) agent.confirmByMs = undefined;
  return "Switched";
}

/** One round of a fake agent: refuses what is stale, follows the rest, reports what its kernel would show. */
export function fakeAgentStatus(agent: FakeAgent, spec: HostRoutingNodeSpec, place: FakePlace): HostRoutingNodeStatus {
  const { own, nowMs, clockMs, emergencyOff } = place;
  const refused = refusal(agent, spec, own);
  let reason = refused ?? follow(agent, spec, nowMs);
  if (emergencyOff) {
    agent.effectiveMode = "Legacy";
    agent.confirmed = false;
    agent.confirmByMs = undefined;
    if (agent.generation > 0) agent.revoked = agent.generation;
    reason = "EmergencyOff";
  }
  const isOn = agent.effectiveMode === "BpfVeth";
  return {
    observedGeneration: agent.generation,
    fencingToken: agent.fencingToken,
    nodeUID: own.uid,
    bootID: own.bootId,
    bundleDigest: own.digest,
    effectiveMode: agent.effectiveMode,
    confirmed: agent.confirmed,
    reason,
    devices: [{ name: "eth0", role: "Uplink", attached: isOn }],
    probes: isOn ? [{ name: "self-test", outcome: agent.probesFail === true ? "Failed" : "Passed" }] : [],
    conditions: isOn ? [{ type: "PolicyReconciled", status: "True", reason: "Probed", message: "", lastTransitionTime: FIRST_PROBE }] : [],
    scan: {
      ...(agent.rules && { state: agent.rules, digest: agent.rules, findings: 0 }),
      platformRules: { state: agent.platformRules ?? "Present", missing: [] },
    },
    facts: { osId: "ubuntu", osVersionId: "24.04", preconditions: MET, ...(agent.guardRung && { guardRung: agent.guardRung }) },
    observedAt: new Date(clockMs).toISOString(),
  };
}
