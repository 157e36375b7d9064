import { createHash } from "node:crypto";
import type { Instant } from "@hostrouting/domain";

/** One entry of a chain. */
export type AuditRow = {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly at: Instant;
  /** Canonical JSON, as it was hashed. */
  readonly content: string;
  /** SHA-256, 64 hexadecimal digits in lower case. */
  readonly hash: string;
};

/** A place in a chain: the last entry before what is verified, or the end that is expected. */
export type AuditHead = Pick<AuditRow, "sequence" | "hash">;

/** What stands before the first entry of every chain. */
export const AUDIT_GENESIS: AuditHead = { sequence: 0, hash: "0".repeat(64) };

/** What is wrong with a chain, at the first entry where it shows. */
export type AuditFault = {
  readonly kind: "Missing" | "Reordered" | "Changed" | "CutOff";
  readonly sequence: number;
  readonly message: string;
};

/** A chain to be verified. */
export type AuditChain = {
  readonly subscriptionId: string;
  /** In the order of the chain. */
  readonly rows: readonly AuditRow[];
  /** Absent: the chain's beginning. */
  readonly from?: AuditHead;
  /** Where the chain must end; absent: wherever the rows do, so that entries cut off at the end are not noticed. */
  readonly head?: AuditHead;
};

/** SHA-256 over the previous hash, subscription, sequence, time and content, one a line; the function `append_audit` reckons the same. */
function hashOf(subscriptionId: string, previous: string, row: AuditRow): string {
  const lines = [previous, subscriptionId.toLowerCase(), row.sequence, new Date(row.at).toISOString(), row.content];
  return createHash("sha256").update(lines.join("\n"), "utf8").digest("hex");
}

/**
 * Finds the first entry that was changed, taken out, put elsewhere, or cut off at the end; nothing when the chain is whole. Whoever may write the
 * database can make a chain anew from any place on: compare `head` with one that was kept elsewhere.
 */
export function verifyAudit({ subscriptionId, rows, from = AUDIT_GENESIS, head }: AuditChain): AuditFault | undefined {
  let previous = from;
  for (const row of rows) {
    const expected = previous.sequence + 1;
    if (row.sequence !== expected) {
      const kind = row.sequence > expected && !rows.some((one) => one.sequence === expected) ? "Missing" : "Reordered";
      return { kind, sequence: expected, message: `Entry ${row.sequence} stands where entry ${expected} belongs.` };
    }
    if (row.hash !== hashOf(subscriptionId, previous.hash, row))
      return { kind: "Changed", sequence: row.sequence, message: `Entry ${row.sequence}, or the one before it, is not what was written.` };
    previous = row;
  }
  if (head === undefined || (head.sequence === previous.sequence && head.hash === previous.hash)) return undefined;
  const message = `The chain ends at entry ${previous.sequence} (${previous.hash}) and not at ${head.sequence} (${head.hash}).`;
  return { kind: "CutOff", sequence: previous.sequence + 1, message };
}
