import { overAzureFact } from "../azure-rule.ts";
import { failed, passed, warns, type Rule } from "../rule.ts";

/** PF-066: Azure's resource provider takes the requests that the rollout needs; it counts them by subscription. */
export const azureBudget: Rule = {
  id: "PF-066",
  title: "Requests that Azure takes",
  severity: warns,
  drivers: ["aks-arm"],
  remedy: "Let fewer clusters of the subscription be changed at once, or wait: the budget fills up again by itself.",
  check: (facts) =>
    overAzureFact(
      facts,
      ({ writesLeft }) => writesLeft,
      (writesLeft) =>
        writesLeft > 0 ? passed() : failed("No write is left to the subscription for now.", ["subscription"], `${writesLeft} writes left`),
    ),
};
