import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { explain } from "@hostrouting/domain";
import type { AuditEntry } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { findRoute } from "./find-route.ts";
import { refusalLimit, type RefusalLimit } from "./refusal-limit.ts";
import { internalCallOf } from "./internal-call.ts";
import { idHeader } from "./reply-headers.ts";
import { resourceOf } from "./access.ts";
import { isGuid } from "./resource-ids.ts";

/**
 * Who asked for what, as far as it is audited: whatever is no read and stands in a subscription. Without `reply` as accepted: for the
 * transaction that is about to do it.
 */
export function auditEntry(request: FastifyRequest, reply?: FastifyReply): AuditEntry | undefined {
  const { asked, principal, correlationId, address } = request.arm;
  const isRead = request.method === "GET" || request.method === "HEAD";
  // A trial does nothing, and must not hold up the chain of everybody else in the subscription.
  if (
    isRead ||
    internalCallOf(request)?.trial !== undefined ||
    asked === undefined ||
    asked.action === "none" ||
    !isGuid(address.subscriptionId ?? "")
  )
    return undefined;
  const status = reply?.statusCode;
  const code = reply?.getHeader("x-ms-error-code");
  return {
    subscriptionId: address.subscriptionId ?? "",
    principal,
    action: asked.action,
    scope: resourceOf(asked.address),
    outcome: status === undefined || status < 400 ? "Accepted" : status < 500 ? "Refused" : "Failed",
    ...(status !== undefined && { status }),
    ...(typeof code === "string" && { code }),
    requestId: request.id,
    correlationId,
    clientRequestId: idHeader(request.headers["x-ms-client-request-id"]),
  };
}

/** What is still to be written when the reply stands: nothing that stands in its change's transaction, and nothing that was refused unjudged. */
function toWrite(request: FastifyRequest, reply: FastifyReply): AuditEntry | undefined {
  const { access, isAudited } = request.arm;
  const isRefusedAccess = reply.statusCode === 401 || reply.statusCode === 403;
  if (isAudited || (access === undefined && !isRefusedAccess)) return undefined;
  return auditEntry(request, reply);
}

async function write(deps: Deps, limit: RefusalLimit, entry: AuditEntry): Promise<void> {
  const omitted = entry.outcome === "Refused" ? limit(entry, deps.clock.now()) : 0;
  if (omitted !== undefined) await deps.store().audit.append({ ...entry, omitted });
}

/**
 * Audits what no transaction of a change has audited: refusals, and changes that have none. It is written before the reply goes out; where it
 * cannot be, the reply goes out all the same and the log says so. Only routes that write have the hook: what is forwarded to the authority must not.
 */
export function addAudit(app: FastifyInstance, deps: Deps, within: <T>(work: Promise<T>) => Promise<T>): void {
  const limit = refusalLimit();
  const hook = async (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
    const entry = toWrite(request, reply);
    if (entry !== undefined)
      await within(write(deps, limit, entry)).catch((error: unknown) =>
        deps.logger.error({ err: error, entry }, `an entry of the audit was not written: ${explain(error)}`),
      );
    return payload;
  };
  app.addHook("onRoute", (route) => {
    const writes = [route.method]
      .flat()
      .some((method) => method !== "GET" && method !== "HEAD" && findRoute(method, route.url) !== undefined);
    if (writes) route.onSend = [route.onSend ?? [], hook].flat();
  });
}
