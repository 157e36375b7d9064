import { overAzureFact } from "../azure-rule.ts";
import { blocks, failed, passed, type Rule } from "../rule.ts";

/** PF-055: the identity by which Azure is asked may change the cluster and its pools; who may ask us is for our own role assignments. */
export const azureRights: Rule = {
  id: "PF-055",
  title: "Rights in Azure",
  severity: blocks,
  drivers: ["aks-arm"],
  remedy: "Ask for a role with these actions on the cluster, for example Azure Kubernetes Service Contributor.",
  check: (facts) =>
    overAzureFact(
      facts,
      ({ missingActions }) => missingActions,
      (missingActions) =>
        missingActions.length === 0 ? passed() : failed("The caller lacks actions.", missingActions, missingActions.join(", ")),
    ),
};
