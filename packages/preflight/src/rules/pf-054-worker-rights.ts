import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";
import { missingPermissions } from "../worker-permissions.ts";

/** PF-054: our identity in the cluster may do what the rollout needs, asked of the API server itself. */
export const workerRights: Rule = {
  id: "PF-054",
  title: "Rights in the cluster",
  severity: blocks,
  drivers: ["bundle", "cilium"],
  remedy: "Apply `infra/k8s/worker-rbac.yaml` and bind it to the identity that the rollout uses.",
  check(facts) {
    if (!facts.permissions.known) return unknown(`The rights could not be read: ${facts.permissions.because}`);
    const missing = missingPermissions(facts.permissions.value, facts.policyMode);
    return missing.length === 0 ? passed() : failed(`Missing: ${missing.join(", ")}.`, missing, "SelfSubjectRulesReview");
  },
};
