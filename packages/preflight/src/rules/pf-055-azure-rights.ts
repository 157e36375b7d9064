import { overAzure } from "../azure-rule.ts";
import { blocks, failed, passed, type Rule } from "../rule.ts";

/** PF-055: whoever asked may change the cluster and its pools in Azure: the change is made in their name. */
export const azureRights: Rule = {
  id: "PF-055",
  title: "Rights in Azure",
  severity: blocks,
  drivers: ["aks-arm"],
  remedy: "Ask for a role with these actions on the cluster, for example Azure Kubernetes Service Contributor.",
  check: (facts) =>
    overAzure(facts, ({ missingActions }) =>
      missingActions.length === 0 ? passed() : failed("The caller lacks actions.", missingActions, missingActions.join(", ")),
    ),
};
