import { overTold } from "../reporting-nodes.ts";
import { failed, passed, skipped, unknown, warns, type Rule } from "../rule.ts";

/** PF-059: where nodes are drained, how many connections end with their pods. Switched in place they go on. */
export const connections: Rule = {
  id: "PF-059",
  title: "Connections that draining ends",
  severity: warns,
  drivers: ["bundle"],
  remedy: "Switch in place, which keeps connections, or tell the owners of these workloads before the nodes are drained.",
  check(facts) {
    if (facts.nodeAction === "SwitchInPlace") return skipped("Connections go on where nodes are switched in place.");
    return overTold(
      facts,
      (node) => node.connections,
      (told) => {
        const busy = told.filter(({ said }) => (said.longLived ?? 0) > 0);
        const uncounted = told.filter(({ said }) => said.longLived === undefined).map(({ node }) => node);
        if (busy.length === 0)
          return uncounted.length === 0 ? passed() : unknown(`The connections of ${uncounted.join(", ")} have not been counted.`);
        const sum = busy.reduce((total, { said }) => total + (said.longLived ?? 0), 0);
        return failed(
          `About ${sum} long-lived connections end with the pods that leave.`,
          busy.map(({ node }) => `node ${node}`),
          busy.map(({ node, said }) => `${node}: ${said.longLived}`).join("; "),
        );
      },
    );
  },
};
