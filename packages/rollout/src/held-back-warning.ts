import type { HostRoutingWarning, Instant, NodeRollout, Wait } from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import { HELD_LONG_MS } from "./held-back.ts";
import type { RoundNode } from "./round.ts";
import type { BirthTaintState } from "./snapshot.ts";
import { catalogued } from "./warning-catalogue.ts";
import { CLUSTER } from "./waits.ts";

/** What is looked at. `birthTaint`: absent while nodes that join are not held back. */
export type HeldBackInput = {
  readonly nodes: readonly RoundNode[];
  readonly waits: readonly Wait[];
  readonly birthTaint: BirthTaintState | undefined;
  readonly now: Instant;
};

/** What there is to warn of nodes that join: pods are kept off them for long, or were let onto them, or cannot be kept off from their birth. Pure. */
export function heldBackWarnings({ nodes, waits, birthTaint, now }: HeldBackInput): HostRoutingWarning[] {
  const held = nodes.flatMap(({ record }) => (record.heldBack === undefined ? [] : [{ record, heldBack: record.heldBack }]));
  const isOpen = ({ heldBack }: (typeof held)[number]): boolean => heldBack.openedAt !== undefined;
  const long = held.filter((one) => !isOpen(one) && now - one.heldBack.since >= HELD_LONG_MS);
  const open = held.filter(isOpen);
  const late = birthTaint && whyLate(birthTaint);
  const warn = (id: "node-held-back" | "taint-failed-open", those: typeof held): HostRoutingWarning[] => {
    if (those.length === 0) return [];
    const message = those.map(({ record }) => `${record.node}: ${whyHeldBack(record, waits)}`).join(" ");
    return [catalogued(id, { message, subjects: those.map(({ record }) => record.node) })];
  };
  return [
    ...warn("node-held-back", long),
    ...warn("taint-failed-open", open),
    ...(late === undefined ? [] : [catalogued("joining-nodes-run-pods", { message: late, subjects: [CLUSTER] })]),
  ];
}

function whyHeldBack({ node, phase, problem }: NodeRollout, waits: readonly Wait[]): string {
  const wait = waits.find(({ subject }) => subject === node);
  return wait?.message ?? problem?.message ?? (isInFlight(phase) ? "It is being switched." : "It is not its turn yet.");
}

function whyLate(state: BirthTaintState): string | undefined {
  switch (state.kind) {
    case "Unsupported":
      return "The API server has no mutating admission policies (`admissionregistration.k8s.io/v1`, served from Kubernetes 1.36 on).";
    case "Foreign":
      return "A mutating admission policy, or a binding of one, has the name of ours and is somebody else's: rename or delete it.";
    case "Unreadable":
      return `The admission policy that taints nodes when they are made cannot be read: ${state.because}`;
    case "Absent":
    case "Drifted":
    case "InSync":
      return undefined;
  }
}
