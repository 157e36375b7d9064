import { whyNotSwitched } from "../agent-report.ts";
import { installBundle, removeBundle, replaceBundle } from "../bundle-plan.ts";
import { isAskedFor } from "../node-step.ts";
import type { NodeReport } from "../snapshot.ts";
import type { NodeDriver } from "./node-driver.ts";

/** Our own agent on every node, and our own programs on pods' devices: ordered by each node's HostRoutingNode, taken back by the kernel unless confirmed. */
export const bundleDriver: NodeDriver = {
  agent: "The pinned bundle's agent",
  confirms: true,
  readsRules: true,
  fit: (snapshot) => snapshot,
  install: installBundle,
  isInstalled: ({ observed }) => observed.bundle !== undefined && !observed.bundle.deleting,
  replace: replaceBundle,
  remove: removeBundle,
  /** An object with an earlier lease's token is written again, so that the agent refuses that lease's holder from then on. */
  order(wanted, seen) {
    const token = seen.spec?.fencingToken ?? 0;
    if (token > wanted.fencingToken || (token === wanted.fencingToken && isAskedFor(wanted, seen))) return [];
    return [{ kind: "WriteNodeSpec", node: seen.name, uid: seen.uid, spec: wanted }];
  },
  restate: (wanted, seen) => ({ kind: "WriteNodeSpec", node: seen.name, uid: seen.uid, spec: wanted }),
  whyNotVerified(report, record, bundleDigest) {
    const why = whyNotSwitched(report, record, bundleDigest);
    if (why !== undefined) return why;
    const bad = report.probes.filter((probe) => probe.outcome !== "Passed");
    if (bad.length > 0) return notPassed(bad);
    return report.probes.length === 0 ? "the agent has not probed yet" : undefined;
  },
  takenBack: ({ reason }) =>
    reason === "ConfirmMissed"
      ? { reason, message: "The switch was not confirmed in time; the kernel went back to the stack.", byItself: true }
      : undefined,
};

/** Probes that came to the same, together: each with its outcome, and the agent's sentence without its full stop. */
function notPassed(probes: NodeReport["probes"]): string {
  const same = Map.groupBy(probes, ({ outcome, message }) => `${outcome}${message === "" ? "" : `, ${message.replace(/\.$/, "")}`}`);
  return [...same].map(([said, of]) => `${of.map(({ name }) => name).join(", ")}: ${said}`).join("; ");
}
