import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { blocks, type Rule } from "../rule.ts";

/** PF-023: no ambient mesh. It catches traffic and answers probes by rules and routes that are outside of the pods. */
export const ambientMesh: Rule = {
  id: "PF-023",
  title: "No Istio ambient mesh",
  severity: blocks,
  drivers: podReaders,
  remedy: "Take the namespaces out of the ambient mesh (label `istio.io/dataplane-mode`), and use sidecars for them.",
  check(facts) {
    return overPods(facts, (pods) =>
      withoutPods(
        "Pods are in an ambient mesh.",
        pods.filter(({ mesh, app }) => mesh === "Ambient" || app === "ztunnel"),
        ({ app }) => (app === "ztunnel" ? "a ztunnel" : "ambient.istio.io/redirection: enabled"),
      ),
    );
  },
};
