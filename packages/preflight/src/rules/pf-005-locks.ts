import { overAzureFact } from "../azure-rule.ts";
import { blocks, failed, passed, type Rule } from "../rule.ts";

/** PF-005: no lock of Azure keeps the cluster or the resource group of its nodes as it is. Other drivers change no resource of Azure's. */
export const locks: Rule = {
  id: "PF-005",
  title: "No locks on Azure's resources",
  severity: blocks,
  drivers: ["aks-arm"],
  remedy: "Remove the locks for the time of the rollout, or ask their owner to.",
  check: (facts) =>
    overAzureFact(
      facts,
      ({ locks }) => locks,
      (found) => (found.length === 0 ? passed() : failed("Locks keep Azure from changing the cluster.", found, found.join(", "))),
    ),
};
