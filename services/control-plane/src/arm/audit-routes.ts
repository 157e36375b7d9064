import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { toAuditEventBody } from "./audit-wire.ts";
import { badSkipToken, readPage, skipTokenAfter } from "./paging.ts";
import { PROVIDER } from "./resource-ids.ts";

/** Places of pages begin with it, so that another list's token is refused. */
const SCOPE = "audit";

/** Pages of one chain, oldest first; `head` is where the chain ended when its page was read. */
async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const { sub } = request.params as { readonly sub: string };
  const { limit, after } = readPage(request.query as Readonly<Record<string, unknown>>, SCOPE);
  const place = after?.slice(SCOPE.length + 1) ?? "0";
  // As many digits as a number keeps.
  if (!/^\d{1,15}$/.test(place)) throw badSkipToken();
  const afterSequence = Number(place);
  const head = await deps.store().audit.head(sub);
  // Not beyond the end that is told: what was added meanwhile stands on the next page.
  const rows = await deps.store().audit.read(sub, { afterSequence, limit: Math.min(limit, Math.max(0, head.sequence - afterSequence)) });
  const last = rows.at(-1)?.sequence ?? afterSequence;
  const value = rows.map(toAuditEventBody);
  if (last >= head.sequence || rows.length === 0) return { value, head };
  const next = new URLSearchParams({
    "api-version": request.arm.apiVersion,
    $top: String(limit),
    $skipToken: skipTokenAfter(`${SCOPE}/${last}`),
  });
  return { value, head, nextLink: `${deps.settings.publicUrl}/subscriptions/${sub}/providers/${PROVIDER}/auditEvents?${next.toString()}` };
}

/** The export of a subscription's audit. */
export function auditRoutes(app: FastifyInstance, deps: Deps): void {
  app.get(`/subscriptions/:sub/providers/${PROVIDER}/auditEvents`, (request) => list(deps, request));
}
