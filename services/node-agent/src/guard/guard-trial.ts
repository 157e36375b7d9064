import { NetworkNamespace, tryRuleWrites, type RuleWrites } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import type { GuardPrograms } from "./guard-programs.ts";

/** Whether the guard refuses what it is there to refuse. */
export type TrialResult = { readonly outcome: "Passed" | "Failed" | "Unknown"; readonly message: string };

/** What each way of writing is called. */
const WAYS = { nftables: "nf_tables", legacy: "the older tables", link: "eBPF netfilter links" } as const;

/**
 * Lets the guard prove itself: in a new network namespace, which nobody else ever uses, each way of writing a rule must be open before
 * and closed while the namespace is guarded. On a kernel whose list of security modules lacks `bpf`, programs attach and are never asked;
 * only this tells. Takes a few milliseconds and touches no rule of the node.
 */
export function runGuardTrial(programs: GuardPrograms): TrialResult {
  let namespace: NetworkNamespace | undefined;
  try {
    namespace = NetworkNamespace.create();
    const before = tryRuleWrites(namespace);
    programs.setNamespace(namespace.inode, "Trial");
    return judgeTrial(before, tryRuleWrites(namespace));
  } catch (error) {
    return { outcome: "Unknown", message: `The guard's trial could not be made: ${explain(error)}` };
  } finally {
    if (namespace) programs.setNamespace(namespace.inode, undefined);
    namespace?.close();
  }
}

/** What two rounds of attempts say, the first without guard. Pure. */
export function judgeTrial(before: RuleWrites, guarded: RuleWrites): TrialResult {
  const ways = Object.keys(WAYS) as (keyof typeof WAYS)[];
  const shut = ways.filter((way) => before[way] === "Refused").map((way) => WAYS[way]);
  if (shut.length > 0)
    return {
      outcome: "Unknown",
      message: `Something else refuses ${shut.join(" and ")} already, so that nobody can tell whether the guard would.`,
    };
  const open = ways.filter((way) => guarded[way] === "Reached").map((way) => WAYS[way]);
  if (open.length > 0)
    return { outcome: "Failed", message: `The guard's programs are attached, and yet ${open.join(" and ")} can be written.` };
  const tried = ways.filter((way) => guarded[way] === "Refused");
  if (tried.length === 0) return { outcome: "Unknown", message: "Rules could not be written by any way, so that nothing was tried." };
  return { outcome: "Passed", message: `Refused as it must be: ${tried.map((way) => WAYS[way]).join(", ")}.` };
}
