import { overCilium } from "../cilium-config.ts";
import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-008: the cluster's data plane is `cilium`. For the driver `bundle` no Cilium DaemonSet is asked for: the bundle plays that part; with a Cilium of the cluster's own only that is asked for. */
export const networkDataplane: Rule = {
  id: "PF-008",
  title: "Azure CNI powered by Cilium",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Migrate the cluster to `networkDataplane: cilium`, or install Cilium in it.",
  check(facts) {
    if (facts.driver === "cilium")
      return overCilium(facts, ({ agents, config }) =>
        config !== undefined && agents.length > 0
          ? passed()
          : failed(
              "No Cilium runs in kube-system.",
              ["DaemonSet cilium"],
              `cilium-config: ${config === undefined ? "not found" : "there"}, ${agents.length} agents`,
            ),
      );
    const { networkDataplane: dataplane, networkPlugin } = facts.profile;
    if (dataplane === "cilium") return passed();
    if (dataplane === "" && networkPlugin === "") return unknown("The resource has no network profile.");
    return failed(`The data plane is ${dataplane || "azure"}.`, ["networkDataplane"], `networkDataplane: ${dataplane || "(not set)"}`);
  },
};
