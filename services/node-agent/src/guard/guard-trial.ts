import { NetworkNamespace, tryRuleWrites, type RuleWrites } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import { AuditPrograms } from "./audit-programs.ts";
import type { GuardPrograms } from "./guard-programs.ts";
import type { GuardTables } from "./guard-tables.ts";

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
  return inTrial(programs, (namespace, guard) => {
    const before = tryRuleWrites(namespace);
    guard();
    return judgeTrial(before, tryRuleWrites(namespace));
  });
}

/** Makes a namespace for `work`, which makes it the place of the trial when it is time. */
function inTrial(programs: GuardTables, work: (namespace: NetworkNamespace, guard: () => void) => TrialResult): TrialResult {
  let namespace: NetworkNamespace | undefined;
  try {
    namespace = NetworkNamespace.create();
    const { inode } = namespace;
    return work(namespace, () => programs.setNamespace(inode, "Trial"));
  } catch (error) {
    return { outcome: "Unknown", message: `The guard's trial could not be made: ${explain(error)}` };
  } finally {
    if (namespace) programs.setNamespace(namespace.inode, undefined);
    namespace?.close();
  }
}

/** The trial of whatever is attached. */
export function tryPrograms(programs: GuardPrograms | AuditPrograms): TrialResult {
  return programs instanceof AuditPrograms ? runAuditTrial(programs) : runGuardTrial(programs);
}

/** Where nobody can refuse: what is tried in a new network namespace must be seen there. eBPF links are not, since no call says where they are. */
export function runAuditTrial(programs: AuditPrograms): TrialResult {
  const seen = () => ({ nftables: programs.seen("Nftables"), legacy: programs.seen("Iptables") });
  return inTrial(programs, (namespace, guard) => {
    const before = seen();
    guard();
    const writes = tryRuleWrites(namespace);
    const after = seen();
    return judgeAuditTrial(writes, { nftables: after.nftables > before.nftables, legacy: after.legacy > before.legacy });
  });
}

/** What attempts say that nobody refuses, and which of them were seen. One that something else refuses is seen all the same. Pure. */
export function judgeAuditTrial(writes: RuleWrites, isSeen: { readonly nftables: boolean; readonly legacy: boolean }): TrialResult {
  const ways = (["nftables", "legacy"] as const).filter((way) => typeof writes[way] === "string");
  const unseen = ways.filter((way) => !isSeen[way]).map((way) => WAYS[way]);
  if (ways.length === 0) return { outcome: "Unknown", message: "Rules could not be written by any way, so that nothing was tried." };
  if (unseen.length > 0)
    return { outcome: "Failed", message: `The guard's program is attached, and does not see that ${unseen.join(" and ")} are written.` };
  return { outcome: "Passed", message: `Seen as it must be: ${ways.map((way) => WAYS[way]).join(", ")}.` };
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
