import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { failed, warns, type Rule } from "../rule.ts";

/** What networks that are not plain are called, by their pods' label. */
const SPECIAL: Readonly<Record<string, string>> = {
  "virt-handler": "KubeVirt: virtual machines in pods",
  multus: "Multus: pods with several devices",
  "clustermesh-apiserver": "a mesh of clusters",
};

/** PF-062: no networks of a kind with which host routing has to be tried first. */
export const specialNetworking: Rule = {
  id: "PF-062",
  title: "Plain networking",
  severity: warns,
  drivers: podReaders,
  remedy: "Try these workloads on one pool first; devices that are no plain veth stay on the stack.",
  check(facts) {
    if (facts.profile.advancedNetworking.security.transitEncryption.type === "WireGuard")
      return failed(
        "Traffic between nodes is encrypted.",
        ["transitEncryption"],
        "advancedNetworking.security.transitEncryption: WireGuard",
      );
    return overPods(facts, (pods) =>
      withoutPods(
        "Networks are in use that are not plain.",
        pods.filter(({ app }) => Object.hasOwn(SPECIAL, app)),
        ({ app }) => SPECIAL[app] ?? app,
      ),
    );
  },
};
