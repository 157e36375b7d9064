import { anyDriver, blocks, failed, passed, type Rule } from "../rule.ts";
import { unsettled } from "../upgrade-signs.ts";

/** PF-002: nothing else may be under way on the cluster or on one of its pools. Our own operation is not "something else". */
export const settledCluster: Rule = {
  id: "PF-002",
  title: "Cluster is settled",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Wait until the other change has ended, or repair the cluster (`az aks update` without options), then try again.",
  check(facts) {
    const signs = unsettled(facts);
    if (signs.length === 0) return passed();
    return failed(
      "The cluster or one of its pools is not in the state Succeeded.",
      signs.map(({ subject }) => subject),
      signs.map(({ evidence }) => evidence).join("; "),
    );
  },
};
