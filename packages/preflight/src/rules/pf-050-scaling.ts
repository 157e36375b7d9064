import type { ClusterFacts } from "../facts.ts";
import { anyDriver, failed, passed, unknown, type Rule } from "../rule.ts";

/** The cluster autoscaler's own default of `scale-down-delay-after-add`: until then a pool is not at rest. */
const RECENT_MS = 10 * 60_000;

/** Nodes that came lately to a pool that scales by itself. */
function recent({ profile, nodes, now }: ClusterFacts): readonly string[] {
  const scaling = new Set(profile.pools.filter(({ autoscaling }) => autoscaling).map(({ name }) => name));
  return (nodes.known ? nodes.value : [])
    .filter(({ pool, createdAtMs }) => scaling.has(pool) && createdAtMs !== undefined && now - createdAtMs < RECENT_MS)
    .map(({ name }) => `node ${name}`);
}

/** PF-050: nodes do not come and go while they are switched. Where Azure switches them, node auto-provisioning is not supported at all. */
export const scaling: Rule = {
  id: "PF-050",
  title: "The number of nodes is at rest",
  severity: ({ driver, profile }) => (driver === "aks-arm" && profile.nodeProvisioning === "Auto" ? "Block" : "Warn"),
  drivers: anyDriver,
  remedy: "Wait until the pools have been at rest for ten minutes; nodes that come or go during the rollout are taken in and let go.",
  check(facts) {
    const { profile, nodes } = facts;
    if (profile.nodeProvisioning === "Auto")
      return failed(
        "Node auto-provisioning replaces nodes at any time.",
        ["nodeProvisioningProfile"],
        "nodeProvisioningProfile.mode: Auto",
      );
    if (profile.nodeProvisioning === "Unknown") return unknown("The resource names a way of node provisioning that is not known here.");
    const names = recent(facts);
    if (names.length > 0) return failed("Pools that scale by themselves have new nodes.", names, "created less than ten minutes ago");
    return nodes.known ? passed() : unknown(`The nodes could not be read: ${nodes.because}`);
  },
};
