import type { ClusterId, NodeRollout, Operation, OperationId, OperationPhase, RolloutGate } from "@hostrouting/domain";
import { DecidedAt } from "./decided-at.ts";
import type { Invariant, Looked } from "./invariant.ts";

/** Kinds of operations that gates hold. */
const HELD: ReadonlySet<Operation["kind"]> = new Set(["EnableHostRouting", "UpgradeBundle"]);

/** No operation passes a gate before somebody who may has let it, or before its time. */
export function gatesAreKept({ world }: Looked): Invariant {
  const decided = new DecidedAt();
  const phases = new Map<OperationId, OperationPhase>();
  const stages = new Map<ClusterId, ReadonlyMap<string, number | undefined>>();
  return {
    name: "no gate is passed before it is open",
    effected(call, answer) {
      const round = decided.recorded(call, answer);
      const { clusterId } = call;
      if (round === undefined || clusterId === undefined) return undefined;
      const { operation, nodes } = round.record;
      const before = stages.get(clusterId) ?? new Map<string, number | undefined>();
      stages.set(clusterId, new Map(nodes.map(({ uid, phase, stage }) => [uid, phase === "Gone" ? undefined : stage])));
      if (operation === undefined || !HELD.has(operation.kind)) return undefined;
      const from = phases.get(operation.id);
      phases.set(operation.id, operation.phase);
      for (const gate of world.policies.get(clusterId)?.gates ?? [])
        for (const passed of passedBy({ gate, operation, from, nodes, before }))
          if (gate.kind === "ScheduledStart" ? round.atMs < Date.parse(gate.startsAt) : !world.answers.isOpened(operation.id, passed))
            return `${operation.id} passed ${gate.kind} '${passed}' ${gate.at}`;
      return undefined;
    },
  };
}

/** Names under which a gate was passed in a round, where it was. */
function passedBy(round: {
  readonly gate: RolloutGate;
  readonly operation: Operation;
  readonly from: OperationPhase | undefined;
  readonly nodes: readonly NodeRollout[];
  readonly before: ReadonlyMap<string, number | undefined>;
}): readonly string[] {
  const { gate, operation, from, nodes, before } = round;
  const begun = nodes.filter(({ uid, stage, phase }) => phase !== "Gone" && (stage ?? 0) > 0 && before.get(uid) !== stage);
  switch (gate.at) {
    case "BeforeCluster":
      return from === "Validating" && operation.phase === "Preparing" ? [gate.id] : [];
    case "AfterCluster":
      return operation.phase === "Succeeded" ? [gate.id] : [];
    case "AfterCanaries":
      return begun.length > 0 ? [gate.id] : [];
    case "BeforeBatch":
      return begun.map(({ stage }) => `${gate.id}/batch-${stage}`);
    case "BeforeCanaries":
    case "AfterBatch":
      return [];
  }
}
