import { overAzure } from "../azure-rule.ts";
import { blocks, failed, passed, type Rule } from "../rule.ts";

/** PF-001: where Azure switches the nodes, Azure has the cluster and shows it to us. Elsewhere our own record is the cluster, and one that cannot be reached waits. */
export const foundInAzure: Rule = {
  id: "PF-001",
  title: "Azure shows the cluster",
  severity: blocks,
  drivers: ["aks-arm"],
  remedy: "Check the cluster's id, and that the identity has the role Azure Kubernetes Service Contributor on it.",
  check: (facts) =>
    overAzure(facts, ({ found }) => (found === "Found" ? passed() : failed(`Azure answers ${found}.`, ["cluster"], `GET: ${found}`))),
};
