import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";
import { missingCiliumPermissions, missingPermissions } from "../worker-permissions.ts";

/** PF-054: our identity in the cluster may do what the rollout needs, asked of the API server itself. */
export const workerRights: Rule = {
  id: "PF-054",
  title: "Rights in the cluster",
  severity: blocks,
  drivers: ["bundle", "cilium"],
  remedy:
    "Apply `infra/k8s/worker-rbac.yaml` (with a Cilium of your own `cilium/worker-rbac.yaml` too) and bind it to the identity that the rollout uses.",
  check(facts) {
    if (!facts.permissions.known) return unknown(`The rights could not be read: ${facts.permissions.because}`);
    const isCilium = facts.driver === "cilium";
    if (isCilium && !facts.ciliumPermissions.known)
      return unknown(`The rights in kube-system could not be read: ${facts.ciliumPermissions.because}`);
    const ofCilium = isCilium && facts.ciliumPermissions.known ? missingCiliumPermissions(facts.ciliumPermissions.value) : [];
    const missing = [...missingPermissions(facts.permissions.value, facts.policyMode), ...ofCilium];
    return missing.length === 0 ? passed() : failed(`Missing: ${missing.join(", ")}.`, missing, "SelfSubjectRulesReview");
  },
};
