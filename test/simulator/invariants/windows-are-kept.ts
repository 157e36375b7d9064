import type { ClusterId, NodePhase } from "@hostrouting/domain";
import type { RoundRecord } from "@hostrouting/store";
import { DecidedAt } from "./decided-at.ts";
import type { Invariant, Looked } from "./invariant.ts";

/** Phases in which nothing was begun with, or all is over. */
const AT_REST: ReadonlySet<NodePhase> = new Set(["Pending", "Enabled", "Soaking", "Disabled", "Failed", "Gone"]);
/** An emergency may be seen a while after it is over. */
const SEEN_MAX_MS = 20_000;

/** No operation starts a node while the windows of its cluster are closed, or close too soon; what goes back by itself and an emergency wait for none. */
export function windowsAreKept({ world }: Looked): Invariant {
  const decided = new DecidedAt();
  const phases = new Map<string, NodePhase>();
  const emergencies = new Map<ClusterId, number>();
  const isOpen = (id: ClusterId, atMs: number): boolean => {
    const { maintenance, minRemainingMinutes = 0 } = world.policies.get(id) ?? {};
    const edges = world.windows.get(id)?.edges;
    if (edges === undefined || maintenance === "Ignore") return true;
    const passed = edges.filter((edge) => edge <= atMs).length;
    const closesAt = edges[passed] ?? Infinity;
    return passed % 2 === 1 && closesAt - atMs >= minRemainingMinutes * 60_000;
  };
  return {
    name: "no node is started outside of its windows",
    clusterChanged({ id, fake }) {
      if (fake.config?.spec.emergencyOff === true) emergencies.set(id, world.scheduler.nowMs);
      return undefined;
    },
    effected(call, answer) {
      const round = decided.recorded(call, answer);
      const { clusterId } = call;
      if (round === undefined || clusterId === undefined) return undefined;
      const started = round.record.nodes.filter(({ uid, phase }) => {
        const before = phases.get(uid) ?? "Pending";
        phases.set(uid, phase);
        return AT_REST.has(before) && !AT_REST.has(phase) && isStart(round.record, phase);
      });
      const [first] = started;
      const isEmergency = world.scheduler.nowMs - (emergencies.get(clusterId) ?? -Infinity) <= SEEN_MAX_MS;
      if (first === undefined || isEmergency || isOpen(clusterId, round.atMs)) return undefined;
      return `${first.node} became ${first.phase} under ${round.record.operation?.id}, decided at ${new Date(round.atMs).toISOString()}`;
    },
  };
}

/** Whether a node that leaves its rest is started, not taken back because something is wrong with it. */
function isStart({ operation }: RoundRecord, phase: NodePhase): boolean {
  if (operation === undefined || operation.phase === "RollingBack") return false;
  return phase !== "Detaching" || operation.mode === "None";
}
