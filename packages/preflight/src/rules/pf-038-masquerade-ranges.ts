import { nodePrecondition } from "../node-precondition.ts";
import { warns } from "../rule.ts";

/** PF-038: pods keep their addresses towards one another, and towards link-local services of their node. */
export const masqueradeRanges = nodePrecondition({
  id: "PF-038",
  title: "What is not masqueraded",
  name: "MasqueradeRanges",
  severity: warns,
  isOptional: true,
  remedy: "Add the pods' ranges to `nonMasqueradeCIDRs` of ip-masq-agent's configuration, and leave `masqLinkLocal` off.",
});
