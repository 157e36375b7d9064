import type { Family } from "./packet-rule.ts";
import { knownWriters, type KnownWriter } from "./writer-catalogue.ts";

/** What is known of a rule whose writer is asked for. `chain` is empty for what belongs to no chain. */
export interface WrittenRule {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  readonly text: string;
  readonly comment?: string;
}

/**
 * Who probably wrote a rule: a name for people and what to do, never a reason to let it pass, since anybody can name a chain and write a comment.
 */
export function writerOf(rule: WrittenRule): KnownWriter | undefined {
  return knownWriters.find(({ detectors }) =>
    detectors.some(
      ({ table, chain, text, comment }) =>
        (table === undefined || table.test(rule.table)) &&
        (chain === undefined || chain.test(rule.chain)) &&
        (text === undefined || text.test(rule.text)) &&
        (comment === undefined || comment.test(rule.comment ?? "")),
    ),
  );
}
