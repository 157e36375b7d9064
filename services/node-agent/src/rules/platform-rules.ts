import type { JudgedRules } from "@hostrouting/netfilter";
import { azureDestinationsPolicy, missingDenials } from "@hostrouting/policy";

/** Whether this node's own rules deny what our network policy denies. `missing`: protocol, destination and port of what they let pass. */
export type PlatformRules = { readonly state: "Present" | "Missing" | "Unknown"; readonly missing: readonly string[] };

/** The policy is about IPv4; a dump of anything else cannot hide such a rule. */
const SOURCES: ReadonlySet<string> = new Set(["iptables-legacy-save", "iptables-nft-save", "nft-json"]);

/**
 * Looks for the rules by which AKS keeps pods from its nodes' services, whatever they are written like. What is there is there, also when something else could not
 * be read; what is missing may stand where nobody could look. @param nodeAddresses this node's own: a rule that exempts them exempts no pod
 */
export function platformRules({ judged, unread }: JudgedRules, nodeAddresses: readonly string[]): PlatformRules {
  const missing = missingDenials(azureDestinationsPolicy, judged, nodeAddresses);
  if (missing.length === 0) return { state: "Present", missing };
  return { state: unread.some(({ source }) => SOURCES.has(source)) ? "Unknown" : "Missing", missing };
}
