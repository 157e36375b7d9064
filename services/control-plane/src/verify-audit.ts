/**
 * `node verify-audit.ts SUBSCRIPTION [FILE]`: whether a subscription's audit is whole. Of FILE, the export as `auditEvents` gave it (its pages one
 * after another, JSON); without it of the database itself (HOSTROUTING_DATABASE_URL). Ends with 1 and the first place that is wrong when it is not.
 */
import { readFileSync } from "node:fs";
import { AppError, advise } from "@hostrouting/domain";
import { isGuid } from "./arm/resource-ids.ts";
import { AUDIT_GENESIS, openStore, verifyAudit, type AuditHead } from "@hostrouting/store";
import { readAuditExport } from "./arm/audit-wire.ts";

/** Rows that are read at once: 10,000 × 1 KiB. */
const PAGE_ROWS = 10_000;

type Verdict = { readonly isWhole: boolean; readonly said: string };

function whole(subscriptionId: string, { sequence, hash }: AuditHead): Verdict {
  return { isWhole: true, said: `The audit of ${subscriptionId} is whole: ${sequence} entries, the last with hash ${hash}.` };
}

/** @throws AppError `verify-audit.no-export` */
function readExport(file: string): ReturnType<typeof readAuditExport> {
  const text = readFileSync(file, "utf8");
  try {
    return readAuditExport(text);
  } catch (error) {
    const say = `${file} is no export of an audit`;
    throw new AppError("verify-audit.no-export", {
      say,
      do: "Give the pages that auditEvents answered, one after another or in an array.",
      cause: error,
    });
  }
}

function verifyFile(subscriptionId: string, file: string): Verdict {
  const { rows, head } = readExport(file);
  const fault = verifyAudit({ subscriptionId, rows, head });
  return fault === undefined ? whole(subscriptionId, head) : { isWhole: false, said: `${fault.kind}: ${fault.message}` };
}

async function verifyDatabase(subscriptionId: string, databaseUrl: string): Promise<Verdict> {
  const store = await openStore(databaseUrl, () => undefined);
  try {
    // A chain that is not there would be found whole.
    if ((await store.directory.subscription(subscriptionId)) === undefined)
      throw new AppError("verify-audit.no-subscription", {
        say: `There is no subscription ${subscriptionId} in this database`,
        do: "Check the id, and that HOSTROUTING_DATABASE_URL names the database of the control plane.",
      });
    // The end is read first: what is added meanwhile is not looked at.
    const head = await store.audit.head(subscriptionId);
    let from: AuditHead = AUDIT_GENESIS;
    while (from.sequence < head.sequence) {
      const limit = Math.min(PAGE_ROWS, head.sequence - from.sequence);
      const rows = await store.audit.read(subscriptionId, { afterSequence: from.sequence, limit });
      const last = rows.length < limit || rows.at(-1)?.sequence === head.sequence;
      const fault = verifyAudit({ subscriptionId, rows, from, ...(last && { head }) });
      if (fault !== undefined) return { isWhole: false, said: `${fault.kind}: ${fault.message}` };
      from = rows.at(-1) ?? head;
    }
    return whole(subscriptionId, head);
  } finally {
    await store.close();
  }
}

async function verify([subscriptionId, file]: readonly string[]): Promise<Verdict> {
  const databaseUrl = process.env["HOSTROUTING_DATABASE_URL"];
  if (subscriptionId === undefined || !isGuid(subscriptionId) || (file === undefined && databaseUrl === undefined))
    throw new AppError("verify-audit.usage", {
      say: "Usage: verify-audit SUBSCRIPTION [FILE], without FILE with HOSTROUTING_DATABASE_URL; SUBSCRIPTION is a GUID",
    });
  return file === undefined ? verifyDatabase(subscriptionId, databaseUrl ?? "") : verifyFile(subscriptionId, file);
}

try {
  const { isWhole, said } = await verify(process.argv.slice(2));
  process.stdout.write(`${said}\n`);
  process.exitCode = isWhole ? 0 : 1;
} catch (error) {
  process.stderr.write(`verify-audit: ${advise(error)}\n`);
  process.exitCode = 1;
}
