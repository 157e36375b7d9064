import { anyDriver, blocks, failed, passed, type Rule } from "../rule.ts";

/** PF-002: nothing else may be under way on the cluster or on one of its pools. Our own operation is not "something else". */
export const settledCluster: Rule = {
  id: "PF-002",
  title: "Cluster is settled",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Wait until the other change has ended, or repair the cluster (`az aks update` without options), then try again.",
  check(facts) {
    const clusterIsBusy = facts.provisioningState !== "Succeeded" && !(facts.ownOperation && facts.provisioningState === "Updating");
    const pools = Object.entries(facts.poolStates).filter(([, state]) => state !== "Succeeded");
    if (!clusterIsBusy && pools.length === 0) return passed();
    const states = pools.map(([pool, state]) => `pool ${pool}: ${state}`);
    return failed(
      "The cluster or one of its pools is not in the state Succeeded.",
      [...(clusterIsBusy ? ["cluster"] : []), ...pools.map(([pool]) => pool)],
      [...(clusterIsBusy ? [`cluster: ${facts.provisioningState}`] : []), ...states].join("; "),
    );
  },
};
