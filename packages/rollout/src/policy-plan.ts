import { isTerminal, type HistoryEntry, type ManagedPolicyStatus, type PolicyState, type WaitReason } from "@hostrouting/domain";
import { nothingIsSwitched } from "./agent-report.ts";
import { staysOn } from "./bundle-upgrade.ts";
import type { Intent } from "./intent.ts";
import type { Outcome, Round } from "./round.ts";
import { CLUSTER, type WaitDraft } from "./waits.ts";

/** Why nodes may not be switched on; undefined when the policy is in place, or nobody asks for it. */
export type PolicyHold = Pick<WaitDraft, "reason" | "message" | "until">;

const REASONS: Readonly<Record<Exclude<PolicyState, "NotManaged" | "InSync">, WaitReason>> = {
  Pending: "PolicyNotInPlace",
  Drifted: "PolicyNotInPlace",
  Refused: "PolicyNotInPlace",
  Unknown: "PolicyNotInPlace",
  Contested: "PolicyContested",
  Foreign: "PolicyForeign",
  Unsupported: "PolicyUnsupported",
};

/** What keeps nodes from being switched on: the rules that would be passed by are said by no policy yet, or not any more. */
export function policyHold({ managedPolicy }: Round["snapshot"]): PolicyHold | undefined {
  if (managedPolicy === undefined || managedPolicy.inPlace) return undefined;
  const { state, name, message } = managedPolicy.status;
  const until = managedPolicy.until === undefined ? {} : { until: managedPolicy.until };
  return {
    reason: state === "NotManaged" || state === "InSync" ? "PolicyNotInPlace" : REASONS[state],
    message: `${name}: ${message}`,
    ...until,
  };
}

/**
 * Whether the policy is needed: from just before the first node may be switched on until no node is on any more. Before that it would deny what
 * the nodes' rules deny anyway, and behind it the rules deny again.
 */
function isNeeded({ snapshot }: Round, outcome: Pick<Outcome, "operation" | "nodes">): boolean {
  if (!nothingIsSwitched(outcome.nodes)) return true;
  const { operation } = outcome;
  // Host routing stays on whatever becomes of an upgrade: nodes that it took back, or that boot, are switched on again.
  if (operation === undefined) return staysOn(snapshot);
  if (operation.control.bundles !== undefined) return snapshot.cluster.desiredMode === "BpfVeth";
  if (isTerminal(operation.phase)) return snapshot.cluster.desiredMode === "BpfVeth" && operation.phase === "Succeeded";
  const goesOn = operation.error === undefined && !operation.cancelRequested && operation.phase !== "Canceling";
  const phase = operation.control.held?.from ?? operation.phase;
  return operation.mode === "BpfVeth" && goesOn && phase !== "Accepted" && phase !== "Validating";
}

/** What is done and said about the policy in this round, beside what its nodes' steps do. */
export type PolicyKeeping = {
  readonly status: ManagedPolicyStatus | undefined;
  readonly isNeeded: boolean;
  readonly intents: readonly Intent[];
  readonly waits: readonly WaitDraft[];
  readonly history: readonly HistoryEntry[];
};

/** Keeps the policy true while it is needed. Taking it away is the operation's last step (`removePolicy`). */
export function keepPolicy(round: Round, outcome: Pick<Outcome, "operation" | "nodes">): PolicyKeeping {
  const { managedPolicy, previous } = round.snapshot;
  if (managedPolicy === undefined) return { status: undefined, isNeeded: false, intents: [], waits: [], history: [] };
  const { status, correction } = managedPolicy;
  if (!isNeeded(round, outcome))
    return {
      status: unneeded(status),
      isNeeded: false,
      intents: [],
      waits: [],
      history: [],
    };
  const hold = policyHold(round.snapshot);
  return {
    status,
    isNeeded: true,
    intents: correction === undefined ? [] : [{ kind: "ApplyPolicy", ...correction }],
    waits: hold === undefined ? [] : [{ ...hold, subject: CLUSTER }],
    history: policyHistory(status, previous?.policy, round.now),
  };
}

function unneeded(status: ManagedPolicyStatus): ManagedPolicyStatus {
  const drift = status.drift.filter(({ correctedAt }) => correctedAt !== undefined);
  return { ...status, state: "NotManaged", message: "", wasThere: false, drift };
}

function policyHistory(
  { name, state, drift }: ManagedPolicyStatus,
  before: ManagedPolicyStatus | undefined,
  now: Round["now"],
): readonly HistoryEntry[] {
  const places = (list: typeof drift): object => ({
    name,
    changes: list.map(({ path, manager }) => ({ path, manager: manager ?? "unknown" })),
  });
  const found = drift.filter(({ firstSeen, correctedAt }) => firstSeen === now && correctedAt === undefined);
  const corrected = drift.filter(({ correctedAt }) => correctedAt === now);
  return [
    ...(corrected.length === 0 ? [] : [{ kind: "PolicyCorrected", data: { ...places(corrected) } }]),
    ...(found.length === 0 ? [] : [{ kind: "PolicyDrifted", data: { ...places(found) } }]),
    ...(state === "Contested" && before?.state !== "Contested" ? [{ kind: "PolicyContested", data: { name } }] : []),
  ];
}

/** Takes the policy away, as the last of all: every node's own rules deny again by then. One that is not ours, or not managed, stays. */
export function removePolicy({ snapshot }: Round): { intents: readonly Intent[]; waits: readonly WaitDraft[]; isDone: boolean } {
  const { managedPolicy } = snapshot;
  if (managedPolicy === undefined || !managedPolicy.isOurs || managedPolicy.status.mode === "Off")
    return { intents: [], waits: [], isDone: true };
  const { name } = managedPolicy.status;
  return {
    intents: [{ kind: "RemovePolicy", name }],
    waits: [{ reason: "RemovingPolicy", subject: CLUSTER, message: `Removing ${name}.` }],
    isDone: false,
  };
}
