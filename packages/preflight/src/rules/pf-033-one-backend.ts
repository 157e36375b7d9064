import { nodePrecondition } from "../node-precondition.ts";
import { warns } from "../rule.ts";

/** PF-033: the rules of iptables are in one backend. Whoever asks the other sees none of them. */
export const oneBackend = nodePrecondition({
  id: "PF-033",
  title: "One backend of iptables",
  name: "OneBackend",
  severity: warns,
  isOptional: true,
  remedy: "Find out what uses `iptables-legacy` on an image with nft, or the reverse, and let it use the image's own `iptables`.",
});
