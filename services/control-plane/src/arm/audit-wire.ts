import { as, type Instant } from "@hostrouting/domain";
import { AUDIT_GENESIS, type AuditHead, type AuditRow } from "@hostrouting/store";

/** One entry as the export shows it. What is hashed is `event` as JSON without spaces, members in their order. */
export type AuditEventBody = {
  readonly sequence: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly time: string;
  readonly event: unknown;
  readonly hash: string;
};

/** A page of the export. */
export type AuditPageBody = { readonly value: readonly AuditEventBody[]; readonly head: AuditHead };

/** Maps an entry to the wire. */
export function toAuditEventBody({ sequence, at, content, hash }: AuditRow): AuditEventBody {
  return { sequence, time: new Date(at).toISOString(), event: JSON.parse(content), hash };
}

/** JSON documents that stand one after another, with or without lines between. */
function documentsIn(text: string): readonly AuditPageBody[] {
  const trimmed = text.trim();
  try {
    const whole: unknown = JSON.parse(trimmed);
    return (Array.isArray(whole) ? whole : [whole]) as readonly AuditPageBody[];
  } catch {
    return trimmed.split(/\n+(?=\{"value")/).map((one) => JSON.parse(one) as AuditPageBody);
  }
}

/**
 * Reads an export: one page, an array of pages, or a page a line, from the beginning of the chain. The end that counts is the last page's.
 * @throws SyntaxError where it is no JSON, TypeError where it is something else.
 */
export function readAuditExport(text: string): { readonly rows: readonly AuditRow[]; readonly head: AuditHead } {
  const pages = documentsIn(text);
  if (pages.some((page) => !Array.isArray(page?.value) || typeof page.head?.sequence !== "number"))
    throw new TypeError("A page must have entries in 'value', and 'head'.");
  const rows = pages
    .flatMap((page) => page.value)
    .map(({ sequence, time, event, hash }) => ({ sequence, at: as<Instant>(Date.parse(time)), content: JSON.stringify(event), hash }));
  return { rows, head: pages.at(-1)?.head ?? AUDIT_GENESIS };
}
