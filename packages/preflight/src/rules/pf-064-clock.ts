import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** Half of the shortest lease in production would be 30 s; certificates and confirmations bear a minute. */
const SKEW_MAX_MS = 60_000;

/** PF-064: the API server's clock and ours agree. */
export const clock: Rule = {
  id: "PF-064",
  title: "Clocks agree",
  severity: blocks,
  drivers: ["bundle", "cilium"],
  remedy: "Set the clock that is wrong: this service's host and the cluster's control plane need a time service.",
  check({ clockAheadMs }) {
    if (!clockAheadMs.known) return unknown(`The API server's clock could not be read: ${clockAheadMs.because}`);
    if (Math.abs(clockAheadMs.value) <= SKEW_MAX_MS) return passed();
    const seconds = Math.round(clockAheadMs.value / 1_000);
    return failed("They are more than a minute apart.", ["API server"], `the API server is ${seconds} s ahead`);
  },
};
