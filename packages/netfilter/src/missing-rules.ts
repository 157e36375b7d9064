import type { AllowEntry, AllowList } from "./allow-list.ts";
import type { Judged } from "./classify-rules.ts";
import type { UnreadDump } from "./node-dumps.ts";
import type { Family } from "./packet-rule.ts";

/** A rule of the node's own that is not there, or not as it was written. */
export interface MissingRule {
  readonly entry: string;
  /** Of one that was there before: where. Of one that was never seen: where it may stand. */
  readonly families: readonly Family[];
  readonly owner: string;
  readonly why: string;
}

/** Entry and family of rules that stay once they are there. */
export type SeenRules = ReadonlySet<string>;

/** What a node's own rules are measured by. */
export interface Expectations {
  /** Owners whose expected rules are missed even when none of theirs is there. */
  readonly expectedOwners?: readonly string[];
  /** What earlier scans of the same node have seen. */
  readonly seenBefore?: SeenRules;
}

/** Tools that show rules of IPv4 and IPv6, of which all that are expected are. */
const SOURCES: ReadonlySet<string> = new Set([
  "iptables-legacy-save",
  "ip6tables-legacy-save",
  "iptables-nft-save",
  "ip6tables-nft-save",
  "nft-json",
]);

/** Whether a rule that is not seen may stand where nobody could look. */
export function mayHide(unread: readonly UnreadDump[]): boolean {
  return unread.some(({ source }) => SOURCES.has(source));
}

/** Rules that stay once they are there, of those that are: for the next scan of the same node. */
export function lastingRules(judged: readonly Judged[]): SeenRules {
  return new Set(
    awake(judged).flatMap(({ entry, table }) => (entry !== undefined && isLasting(entry) ? [keyOf(entry, table.family)] : [])),
  );
}

/**
 * Rules that are not there: of owners that are expected or have others there, and those that earlier scans saw, by family. An owner that was never
 * there is missed by nobody: which of them a node has depends on its cluster.
 */
export function missingRules(list: AllowList, judged: readonly Judged[], { expectedOwners = [], seenBefore }: Expectations): MissingRule[] {
  const entries = awake(judged).flatMap(({ entry }) => entry ?? []);
  const there = new Set<AllowEntry>(entries);
  const owners = new Set([...expectedOwners, ...entries.map(({ owner }) => owner)]);
  const seen = lastingRules(judged);
  return list.entries.flatMap((entry): MissingRule[] => {
    const { id, owner, why, families, expected } = entry;
    const gone = families.filter((family) => seenBefore?.has(keyOf(entry, family)) === true && !seen.has(keyOf(entry, family)));
    if (gone.length > 0) return [{ entry: id, families: gone, owner, why }];
    return expected === true && owners.has(owner) && !there.has(entry) ? [{ entry: id, families, owner, why }] : [];
  });
}

/** What sleeps does nothing for the node. */
function awake(judged: readonly Judged[]): readonly Judged[] {
  return judged.filter(({ table }) => !table.dormant);
}

function isLasting({ expected, lasting }: AllowEntry): boolean {
  return expected === true || lasting === true;
}

function keyOf({ id }: AllowEntry, family: Family): string {
  return `${id} ${family}`;
}
