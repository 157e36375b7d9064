import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-056: admission (Gatekeeper, Kyverno, policies of the API server) lets the bundle's DaemonSet in. It is tried without being kept. */
export const admission: Rule = {
  id: "PF-056",
  title: "Admission lets the bundle in",
  severity: blocks,
  drivers: ["bundle"],
  remedy: "Exempt namespace `acns-hostrouting` from the policy that is named: its agent needs the host's network and CAP_BPF.",
  check({ admission: tried }) {
    if (!tried.known) return unknown(`The bundle could not be tried: ${tried.because}`);
    const { refusal } = tried.value;
    return refusal === undefined ? passed() : failed("It is refused.", ["DaemonSet acns-hostrouting/hostrouting-agent"], refusal);
  },
};
