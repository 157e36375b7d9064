import { countingWindows, longestOpeningMs } from "@hostrouting/domain";
import { anyDriver, failed, passed, skipped, type Rule } from "../rule.ts";

const MINUTE_MS = 60_000;
const minutes = (ms: number): string => `${Math.floor(ms / MINUTE_MS)} min`;

/** PF-051: the cluster's maintenance windows are long enough for a node. Whether one is open now decides nothing: the operation waits for it. */
export const maintenanceWindow: Rule = {
  id: "PF-051",
  title: "Maintenance windows fit a node",
  severity: ({ maintenance }) => (maintenance.mode === "Require" ? "Block" : "Warn"),
  drivers: anyDriver,
  remedy: "Make the windows longer, or the policy's timeouts and `minRemainingMinutes` shorter; or override it with a reason.",
  overridable: "AtPreflight",
  check({ profile, maintenance, nodeTimeoutMs, now }) {
    const { mode, minRemainingMinutes, configurations } = maintenance;
    const counting = countingWindows({ policy: profile.nodeDisruptionPolicy, configurations }, { maintenance: mode });
    if (counting === undefined) return mode === "Ignore" ? skipped("The policy ignores maintenance windows.") : passed();
    const longestMs = longestOpeningMs(counting.configuration, now);
    const evidence = `longest window ${minutes(longestMs)}, one node at worst ${minutes(nodeTimeoutMs)}`;
    if (longestMs === 0) return failed("No window opens within two years.", [counting.name], evidence);
    if (longestMs < minRemainingMinutes * MINUTE_MS)
      return failed("No window is ever open for as long as `minRemainingMinutes` asks.", [counting.name], evidence);
    if (longestMs < nodeTimeoutMs) return failed("A node may take longer than the longest window.", [counting.name], evidence);
    return passed();
  },
};
