import type { ChangedPlace, PacketFilterChange } from "@hostrouting/bpf-loader";
import { visibleText } from "@hostrouting/domain";
import type { Finding, ScanVerdict } from "@hostrouting/netfilter";

/**
 * Who wrote a rule, as far as the kernel told: nf_tables names the process of each change and the chains that it touched, not the rule's text. So a
 * rule that a scan finds for the first time is laid to whoever touched its chain just before.
 */

/** Places that were changed since the last scan began, and by whom last. */
export type Touched = ReadonlyMap<string, string>;

/** Findings of the last scan with their writers. `fresh`: those that it was the first to find; a notice may come behind the scan that saw its rule. */
export type Attribution = { readonly writers: ReadonlyMap<string, string | undefined>; readonly fresh: ReadonlySet<string> };

/** Before the first scan: what it finds was there before anybody listened. */
export const NOBODY_KNOWN: Attribution = { writers: new Map(), fresh: new Set() };

/** A finding with who changed its place last, as `iptables-nft (process 1234)`; absent where nobody is known. */
export type WrittenFinding = Finding & { readonly changedBy?: string };

/** What a scan says of a node's rules, with who wrote them. */
export type WrittenVerdict = Omit<ScanVerdict, "findings"> & { readonly findings: readonly WrittenFinding[] };

/** Adds a change. A writer that the kernel did not name takes the place from the one before: it is not known any more. */
export function withChange(touched: Touched, { writer, places }: PacketFilterChange): Touched {
  const next = new Map(touched);
  for (const place of places) {
    if (writer === undefined) next.delete(keyOf(place));
    else next.set(keyOf(place), `${visibleText(writer.name)} (process ${writer.pid})`);
  }
  return next;
}

/** Findings keep the writer that they had; new ones get theirs. Pure. */
export function attributed(before: Attribution, findings: readonly Finding[], touched: Touched): Attribution {
  const writers = new Map<string, string | undefined>();
  const fresh = new Set<string>();
  for (const finding of findings) {
    const id = idOf(finding);
    const isKnown = before.writers.has(id);
    const mayBeTold = !isKnown || before.fresh.has(id);
    writers.set(id, before.writers.get(id) ?? (mayBeTold ? writerOf(finding, touched) : undefined));
    if (!isKnown) fresh.add(id);
  }
  return { writers, fresh };
}

/** Each finding with its writer. */
export function withWriters(findings: readonly Finding[], { writers }: Attribution): WrittenFinding[] {
  return findings.map((finding) => {
    const changedBy = writers.get(idOf(finding));
    return changedBy === undefined ? finding : { ...finding, changedBy };
  });
}

/** The rule's own chain says most; a verdict map or a flowtable is of the table. The older backend and programs tell nobody. */
function writerOf({ backend, family, table, chain }: Finding, touched: Touched): string | undefined {
  if (backend === "iptables-legacy" || backend === "bpf") return undefined;
  const places: ChangedPlace[] = [
    { kind: "rule", family, table, chain },
    { kind: "chain", family, table, chain },
    { kind: "set", family, table },
    { kind: "flowtable", family, table },
    { kind: "table", family, table },
  ];
  return places.map((place) => touched.get(keyOf(place))).find((writer) => writer !== undefined);
}

function keyOf({ kind, family, table, chain = "" }: ChangedPlace): string {
  return JSON.stringify([kind, family, table, chain]);
}

function idOf({ backend, family, table, chain, rule }: Finding): string {
  return JSON.stringify([backend, family, table, chain, rule]);
}
