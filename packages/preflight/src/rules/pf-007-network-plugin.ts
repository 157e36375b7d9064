import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-007: Azure CNI, not kubenet and no plugin of the customer's own; a Cilium of the cluster's own is one, and then ARM says `none`. */
export const networkPlugin: Rule = {
  id: "PF-007",
  title: "Azure CNI",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Migrate the cluster to `networkPlugin: azure`.",
  check(facts) {
    const { networkPlugin: plugin } = facts.profile;
    if (plugin === "") return unknown("The resource does not say which network plugin the cluster has.");
    return plugin === "azure" || (plugin === "none" && facts.driver === "cilium")
      ? passed()
      : failed(`The network plugin is ${plugin}.`, ["networkPlugin"], `networkPlugin: ${plugin}`);
  },
};
