import type { HostRoutingNodeSpec } from "@hostrouting/contracts";
import type { NodePhase } from "@hostrouting/domain";
import type { Invariant, Looked } from "./invariant.ts";

/** What a round decides over was seen at most so long ago. */
const SEEN_MAX_MS = 60_000;

/** A switch is confirmed only after enough reports of this very node, boot and generation were good, and only confirmed nodes become Enabled. */
export function enabledIsVerified({ world }: Looked): Invariant {
  const good = new Map<string, Set<string>>();
  const confirmed = new Set<string>();
  const phases = new Map<string, NodePhase>();
  /** Confirmations that were judged: an order that is written again, to be reported on more often for one, confirms nothing anew. */
  const judged = new Set<string>();
  return {
    name: "I5 no node is enabled without passing verification for its UID and boot",
    clusterChanged({ fake, truths }) {
      for (const { uid, bootId, name } of truths.values()) {
        const status = fake.objects.get(name)?.status;
        if (status?.nodeUID !== uid || status.bootID !== bootId || status.effectiveMode !== "BpfVeth") continue;
        const key = `${uid} ${status.observedGeneration}`;
        const isGood = (status.probes ?? []).length > 0 && status.probes?.every(({ outcome }) => outcome === "Passed") === true;
        const times = good.get(`${key} ${bootId}`) ?? new Set<string>();
        if (isGood) good.set(`${key} ${bootId}`, times.add(status.observedAt ?? ""));
        if (status.confirmed === true) confirmed.add(`${uid} ${bootId}`);
      }
      return undefined;
    },
    effected({ method, clusterId, args }) {
      if (method !== "applyNodeObject" || clusterId === undefined) return undefined;
      const spec = args[1] as HostRoutingNodeSpec;
      if (spec.mode !== "BpfVeth" || spec.confirmedGeneration !== spec.generation) return undefined;
      const confirmation = `${spec.nodeUID} ${spec.generation} ${spec.bootID}`;
      if (judged.has(confirmation)) return undefined;
      judged.add(confirmation);
      // A node that soaks or is Enabled has been through it in this boot: an object that somebody deleted is only made again.
      const phase = world.store.look().clusters.get(clusterId)?.nodes.get(spec.nodeUID)?.phase;
      const isKept = phase === "Soaking" || phase === "Enabled";
      const inThisBoot = [...good].filter(([key]) => key.startsWith(`${spec.nodeUID} `) && key.endsWith(` ${spec.bootID}`));
      const times = isKept ? inThisBoot.map(([, of]) => of.size) : [good.get(confirmation)?.size ?? 0];
      const seen = Math.max(0, ...times);
      const wanted = world.policies.get(clusterId)?.verifyCount ?? 1;
      return seen >= wanted
        ? undefined
        : `generation ${spec.generation} of ${spec.nodeUID} in ${spec.bootID} is confirmed after ${seen} good reports of ${wanted}`;
    },
    storeChanged() {
      for (const [id, { nodes }] of world.store.look().clusters)
        for (const { uid, node, phase, verifiedBoot } of nodes.values()) {
          if (phases.get(uid) === phase) continue;
          phases.set(uid, phase);
          if (phase !== "Enabled") continue;
          if (!confirmed.has(`${uid} ${verifiedBoot}`))
            return `${node} is Enabled and its agent never reported a confirmed switch in ${verifiedBoot}`;
          const truth = world.cluster(id).truths.get(uid);
          const isPast = truth !== undefined && truth.bootId !== verifiedBoot && world.scheduler.nowMs - truth.bootedAtMs > SEEN_MAX_MS;
          if (isPast) return `${node} is Enabled for ${verifiedBoot} and runs ${truth.bootId} since long`;
        }
      return undefined;
    },
  };
}
