/**
 * The front half of every ARM request, in this order: ids → size and media type → api-version → token → names in the address →
 * subscription and resource group. The first step that refuses ends it. Steps look at nothing that a later step brings: a request
 * without api-version is refused as that, whoever sends it.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { ArmError, armError } from "./arm-error.ts";
import { apiVersionOf, whyNotApiVersion } from "./api-versions.ts";
import { bearerOf } from "./bearer-token.ts";
import { idHeader, replyHeaders } from "./reply-headers.ts";
import { emptyContext, plainPath } from "./request-context.ts";
import { whyNotPath } from "./resource-ids.ts";
import { whyNotScope } from "./subscription-scope.ts";
import { surfaceOf } from "./surface.ts";

/** ARM's limit for a request. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024;

function setIds(deps: Deps, request: FastifyRequest, reply: FastifyReply): void {
  const { headers } = request;
  const correlationId = idHeader(headers["x-ms-correlation-request-id"]) ?? request.id;
  request.arm = emptyContext(correlationId);
  const wantsEcho = String(headers["x-ms-return-client-request-id"]).toLowerCase() === "true";
  const clientRequestId = wantsEcho ? idHeader(headers["x-ms-client-request-id"]) : undefined;
  const ids = { requestId: request.id, correlationId, clientRequestId, location: deps.settings.location, nowMs: deps.clock.now() };
  reply.headers(replyHeaders(ids));
}

/** Judges a body by its headers, before a byte of it is read. */
export function whyNotBodyHeaders(headers: IncomingHttpHeaders): ArmError | undefined {
  const length = Number(headers["content-length"] ?? 0);
  if (length > BODY_BYTES_MAX)
    return new ArmError(
      413,
      { code: "RequestEntityTooLarge", message: "The body is larger than the limit of 4 MiB." },
      { headers: { connection: "close" } },
    );
  const hasBody = length > 0 || headers["transfer-encoding"] !== undefined;
  const mediaType = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (hasBody && mediaType !== "application/json")
    return armError(415, "UnsupportedMediaType", "The body must be of Content-Type application/json.");
  return undefined;
}

async function judge(deps: Deps, request: FastifyRequest): Promise<void> {
  const surface = surfaceOf(plainPath(request), deps.settings.authorityUrl !== undefined);
  if (surface === "Open") return;
  const version = apiVersionOf(request.query as Readonly<Record<string, unknown>>);
  const params = (request.params ?? {}) as Readonly<Record<string, string | undefined>>;
  const refusal = whyNotBodyHeaders(request.headers) ?? whyNotApiVersion(surface, version);
  if (refusal !== undefined) throw refusal;
  request.arm.apiVersion = version ?? request.arm.apiVersion;
  request.arm.principal = await deps.verifyToken(bearerOf(request.headers.authorization, deps.settings));
  const { sub, group, name } = params;
  const badName = whyNotPath({
    ...(sub !== undefined && { subscriptionId: sub }),
    ...(group !== undefined && { resourceGroup: group }),
    ...(name !== undefined && { name }),
  });
  if (badName !== undefined) throw badName;
  if (sub === undefined) return;
  const writes = request.method === "PUT" || request.method === "POST" || request.method === "PATCH";
  const scope = { subscriptionId: sub, resourceGroup: group, tenantId: request.arm.principal.tenantId, writes };
  const notFound = await whyNotScope(deps.store().directory, scope);
  if (notFound !== undefined) throw notFound;
}

/** Puts the steps in front of every route and of the answer to unknown ones. */
export function addPipeline(app: FastifyInstance, deps: Deps, within: <T>(work: Promise<T>) => Promise<T>): void {
  app.decorateRequest("arm");
  app.addHook("onRequest", async (request, reply) => {
    setIds(deps, request, reply);
    await within(judge(deps, request));
  });
}
