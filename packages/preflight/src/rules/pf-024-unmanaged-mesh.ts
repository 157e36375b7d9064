import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { warns, type Rule } from "../rule.ts";

/** Namespace of the add-on's own control plane, of which PF-022 speaks. */
const ADD_ON = "aks-istio-system/";

/** PF-024: an Istio that is not the add-on. Its sidecars have rules in their pods' own namespaces, which stay in force; probes want watching. */
export const unmanagedMesh: Rule = {
  id: "PF-024",
  title: "No Istio of your own",
  severity: warns,
  drivers: podReaders,
  remedy:
    "Check that it is not ambient and that its CNI plugin writes rules in pods only; watch the probes of its workloads on the first nodes.",
  check(facts) {
    return overPods(facts, (pods) =>
      withoutPods(
        "An Istio runs that is not AKS' add-on.",
        pods.filter(({ name, app }) => (app === "istiod" || app === "istio-cni-node") && !name.startsWith(ADD_ON)),
        ({ app, controller }) => `${app} (${controller || "no controller"})`,
      ),
    );
  },
};
