import type { Operation } from "@hostrouting/domain";
import { closedWindow, hasNodesToEnable } from "./disruption-gate.ts";
import { advance } from "./operation-step.ts";
import { stepNodes, type Outcome, type Round } from "./round.ts";

/**
 * Notes that the cluster is being upgraded under a switching on: what preflight said before is worth nothing then. One that fails preflight at its beginning
 * is not noted: nothing was touched, and its answer names the upgrade.
 */
export function withUpgradeSeen({ snapshot }: Round, operation: Operation): Operation {
  const { phase, control } = operation;
  const isUnderWay = phase === "Preparing" || phase === "Rolling" || phase === "Finishing";
  if (snapshot.upgrade === undefined || !isUnderWay || control.upgradeSeen === true) return operation;
  return { ...operation, control: { ...control, upgradeSeen: true } };
}

/**
 * What a switching on does because of an upgrade, or nothing. Before nodes are started it waits where it is, with the rules not asked; once the upgrade is
 * over and nodes are left to start, it asks them again. What holds nodes while it rolls is the closed window's.
 */
export function stepOfUpgrade(round: Round, operation: Operation): Outcome | undefined {
  const { phase, control } = operation;
  if (control.upgradeSeen !== true) return undefined;
  const isRolling = phase === "Rolling" || phase === "Finishing";
  if (round.snapshot.upgrade === undefined) {
    if (!isRolling || !hasNodesToEnable(round, round.nodes)) return undefined;
    return advance(operation, stepNodes(round, operation.mode, false), "Validating");
  }
  const hold = closedWindow(round);
  if (isRolling || hold === undefined) return undefined;
  const stepped = stepNodes(round, operation.mode, false);
  return advance(operation, { ...stepped, waits: [...stepped.waits, hold] }, phase);
}
