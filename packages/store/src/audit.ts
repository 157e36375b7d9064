import { as, type Instant } from "@hostrouting/domain";
import { sql, type Kysely, type Transaction } from "kysely";
import { statement } from "./prepared-statements.ts";
import type { Tables } from "./tables.ts";
import { AUDIT_GENESIS, type AuditHead, type AuditRow } from "./verify-audit.ts";

/** What somebody asked for, and what came of it. Ids are at most 128 characters. */
export type AuditEntry = {
  /** Whose chain it goes to; one that is not known gets no entry, since anybody can name one. */
  readonly subscriptionId: string;
  /** Absent where the request had no valid token. */
  readonly principal:
    | { readonly tenantId: string; readonly objectId: string; readonly name: string; readonly type: "User" | "Application" }
    | undefined;
  readonly action: string;
  /** Resource id, as it was asked for. */
  readonly scope: string;
  /** `Accepted` stands in the transaction of its change; `Refused` changed nothing; of `Failed` that is not known. */
  readonly outcome: "Accepted" | "Refused" | "Failed";
  /** Of the reply; absent in entries that were written before there was one. */
  readonly status?: number;
  /** ARM's code of a refusal. */
  readonly code?: string;
  readonly requestId: string;
  readonly correlationId: string;
  readonly clientRequestId: string | undefined;
  /** Refusals of the same principal that were not written before this one, because there were too many. */
  readonly omitted?: number;
};

/** Who did what: one chain for each subscription, only ever added to. */
export type AuditStore = {
  append(entry: AuditEntry): Promise<void>;
  /** Oldest first. */
  read(subscriptionId: string, page: { afterSequence: number; limit: number }): Promise<AuditRow[]>;
  /** Where the chain ends; `AUDIT_GENESIS` where there is none. */
  head(subscriptionId: string): Promise<AuditHead>;
};

/** The text that is hashed: members in this order, absent ones as null. */
function toContent(entry: AuditEntry): string {
  const { principal } = entry;
  return JSON.stringify({
    tenantId: principal?.tenantId ?? null,
    objectId: principal?.objectId ?? null,
    name: principal?.name ?? null,
    principalType: principal?.type ?? null,
    action: entry.action,
    scope: entry.scope,
    outcome: entry.outcome,
    status: entry.status ?? null,
    code: entry.code ?? null,
    requestId: entry.requestId,
    correlationId: entry.correlationId,
    clientRequestId: entry.clientRequestId ?? null,
    omitted: entry.omitted ?? 0,
  });
}

const append = statement(
  "audit",
  ({ subscriptionId, content }: { readonly subscriptionId: string; readonly content: string }) =>
    sql`select append_audit(${subscriptionId}, ${content})`,
);

/** Adds an entry to its chain. In a transaction it must be the last statement: it locks the chain until the commit. */
export async function appendAudit(db: Kysely<Tables> | Transaction<Tables>, entry: AuditEntry): Promise<void> {
  await append(db, { subscriptionId: entry.subscriptionId.toLowerCase(), content: toContent(entry) });
}

/** The audit on Postgres. */
export function auditStore(db: Kysely<Tables>): AuditStore {
  return {
    append: (entry) => appendAudit(db, entry),
    async read(subscriptionId, { afterSequence, limit }) {
      const rows = await db
        .selectFrom("audit")
        .selectAll()
        .where("subscription_id", "=", subscriptionId.toLowerCase())
        .where("seq", ">", afterSequence)
        .orderBy("seq")
        .limit(limit)
        .execute();
      return rows.map((row) => ({ sequence: row.seq, at: as<Instant>(row.at.getTime()), content: row.content, hash: row.hash }));
    },
    async head(subscriptionId) {
      const row = await db
        .selectFrom("audit_chain")
        .selectAll()
        .where("subscription_id", "=", subscriptionId.toLowerCase())
        .executeTakeFirst();
      return row === undefined ? AUDIT_GENESIS : { sequence: row.seq, hash: row.hash };
    },
  };
}
