import type { HostRoutingConfigSpec, HostRoutingNodeSpec } from "@hostrouting/contracts";
import type { AgentState, Revocation } from "../agent-state.ts";
import { judgeOrder, type OwnIdentity } from "./judge-order.ts";
import type { MasqueradeWish } from "../masquerade/kernel-masquerade.ts";
import type { Desired } from "./node-datapath.ts";

/** All that a decision needs. Undefined: not known (yet), of `masquerade` too. `order` is null when the node has no order object. */
export type Inputs = {
  order: HostRoutingNodeSpec | null | undefined;
  config: HostRoutingConfigSpec | null | undefined;
  offFile: boolean;
  own: OwnIdentity | undefined;
  ownRanges: readonly string[];
  masquerade?: MasqueradeWish | undefined;
  /** Why the node's packet filter rules do not let it be switched on now; undefined where they do, or where it is on. */
  rulesRefusal?: string | undefined;
  /** Why it is not clear what pods must not reach; undefined where it is, or where the node is on. */
  policyRefusal?: { reason: string; message: string } | undefined;
  /** What the guard against packet filter rules still waits for; undefined when for nothing, or where the node is on. */
  guardRefusal?: string | undefined;
  state: AgentState;
};

/** What to do and what to remember; `reason` replaces the kernel's in the report when it is set. */
export type Decision = { desired: Desired; state: AgentState; reason?: string; message?: string };

/** Turns order, configuration and memory into what the node should do. Pure. */
export function decideDesired(inputs: Inputs): Decision {
  const { order, own, state } = inputs;
  const emergency = emergencySource(inputs);
  if (emergency) return emergencyOff(inputs, emergency);
  if (!own || order === undefined) return { desired: { kind: "leave" }, state };
  if (order === null)
    return { desired: { kind: "leave" }, state, reason: "NoOrder", message: "There is no HostRoutingNode for this node." };
  const refusal = judgeOrder(order, own, state);
  if (refusal) return { desired: { kind: "leave" }, state, ...refusal };
  return follow(inputs, order, accept(state, order, own));
}

/** Remembers a revocation of `generation`. */
export function revoke(state: AgentState, generation: number, reason: Revocation["reason"]): AgentState {
  return { ...state, revoked: { generation, reason } };
}

function emergencySource({ config, offFile }: Inputs): string | undefined {
  if (offFile) return "the file `off` on this node";
  return config?.emergencyOff ? "spec.emergencyOff of HostRoutingConfig/default" : undefined;
}

/** An order given before or during the emergency is not carried out when it ends: the rollout has to give a new one. */
function emergencyOff({ order, own, state }: Inputs, source: string): Decision {
  const accepted = order && own && !judgeOrder(order, own, state) ? accept(state, order, own) : state;
  return {
    desired: { kind: "off", atOnce: true },
    state: accepted.generation > 0 ? revoke(accepted, accepted.generation, "EmergencyOff") : accepted,
    reason: "EmergencyOff",
    message: `Host routing is off because of ${source}.`,
  };
}

function accept(state: AgentState, order: HostRoutingNodeSpec, own: OwnIdentity): AgentState {
  const { fencingToken, generation } = order;
  const revoked = state.revoked?.generation === generation && state.nodeUid === own.nodeUid ? state.revoked : null;
  return { fencingToken, generation, nodeUid: own.nodeUid, revoked };
}

function follow(inputs: Inputs, order: HostRoutingNodeSpec, state: AgentState): Decision {
  switch (order.mode) {
    case "Observe":
      return { desired: { kind: "off", atOnce: false }, state, reason: "Observing", message: "Nothing is attached." };
    case "None":
      return { desired: { kind: "off", atOnce: false }, state };
    case "Drain":
      return { desired: { kind: "drain" }, state };
    case "BpfVeth":
      return switchOn(inputs, order, state);
  }
}

function switchOn(inputs: Inputs, order: HostRoutingNodeSpec, state: AgentState): Decision {
  if (state.revoked)
    return {
      desired: { kind: "off", atOnce: false },
      state,
      reason: state.revoked.reason,
      message: `Generation ${order.generation} was taken back; a new generation is needed.`,
    };
  const network = inputs.config?.network;
  if (!network || network.podCidrs.length === 0)
    return {
      desired: { kind: "leave" },
      state,
      reason: "NetworkUnknown",
      message: "HostRoutingConfig/default names no pod address ranges.",
    };
  if (inputs.rulesRefusal !== undefined)
    return { desired: { kind: "leave" }, state, reason: "RulesNotClean", message: inputs.rulesRefusal };
  if (inputs.policyRefusal !== undefined) return { desired: { kind: "leave" }, state, ...inputs.policyRefusal };
  if (inputs.guardRefusal !== undefined)
    return { desired: { kind: "leave" }, state, reason: "GuardNotReady", message: inputs.guardRefusal };
  return {
    state,
    desired: {
      kind: "on",
      generation: order.generation,
      confirmMs: order.confirmSeconds * 1000,
      confirmed: order.confirmedGeneration === order.generation,
      masquerade: inputs.masquerade,
      ranges: { podRanges: network.podCidrs, ownRanges: inputs.ownRanges, serviceRanges: network.serviceCidrs ?? [] },
    },
  };
}
