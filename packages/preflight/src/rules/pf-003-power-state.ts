import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-003: the cluster runs. */
export const powerState: Rule = {
  id: "PF-003",
  title: "Cluster runs",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Start the cluster (`az aks start`).",
  check({ profile }) {
    switch (profile.powerState) {
      case "Running":
        return passed();
      case "Stopped":
        return failed("It is stopped.", ["cluster"], "powerState.code: Stopped");
      case "Unknown":
        return unknown("The resource names a power state that is not known here.");
    }
  },
};
