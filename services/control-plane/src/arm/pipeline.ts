/**
 * The front half of every ARM request, in this order: ids → a target that can be read in one way only → size and media type → api-version is there → token → names in the address → rate →
 * subscription → right → resource group → provider, type and api-version are known. The first step that refuses ends it. Steps look at nothing that a later
 * step brings: a request without api-version is refused as that, whoever sends it, and a foreign tenant learns nothing but that it is none of its own.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ClusterId, Grant } from "@hostrouting/domain";
import type { GrantQuestion } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { askedOf, asReading, grantsAskedFor, judgeAccess } from "./access.ts";
import { ArmError, armError } from "./arm-error.ts";
import { apiVersionOf, missingApiVersion, whyNotApiVersion } from "./api-versions.ts";
import { readAddress } from "./arm-address.ts";
import { bearerOf } from "./bearer-token.ts";
import { allowOrigins } from "./cross-origin.ts";
import { internalCallOf, outsideOfCalls } from "./internal-call.ts";
import { judgeThrottle } from "./judge-throttle.ts";
import { idHeader, replyHeaders } from "./reply-headers.ts";
import { emptyContext, pathOf, plainPath, principalOf } from "./request-context.ts";
import { whyNotTarget } from "./request-target.ts";
import { requestThrottle, throttleKindOf } from "./request-throttle.ts";
import { CLUSTER_TYPE, clusterIdOf, whyNotPath } from "./resource-ids.ts";
import type { Exchange } from "./send-error.ts";
import { whyNotGroup, whyNotSubscription } from "./subscription-scope.ts";
import { dropForgeableHeaders } from "./untrusted-headers.ts";

/** ARM's limit for a request. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** Step 1: ids and headers of the reply; whatever becomes of the request, they are there. */
export function setIds(deps: Deps, request: FastifyRequest, reply: FastifyReply): void {
  const { headers } = request;
  dropForgeableHeaders(headers);
  const correlationId = idHeader(headers["x-ms-correlation-request-id"]) ?? request.id;
  request.arm = emptyContext(correlationId, readAddress(plainPath(request), deps.settings.authorityUrl !== undefined));
  const wantsEcho = String(headers["x-ms-return-client-request-id"]).toLowerCase() === "true";
  const clientRequestId = wantsEcho ? idHeader(headers["x-ms-client-request-id"]) : undefined;
  const ids = { requestId: request.id, correlationId, clientRequestId, location: deps.settings.location, nowMs: deps.clock.now() };
  reply.headers(replyHeaders(ids));
}

/** A body that is refused for its size is still read (and forgotten) up to here: who is cut off while sending never sees the answer. */
const DISCARDED_BYTES_MAX = 16 * BODY_BYTES_MAX;

/** Judges a body by its headers, before a byte of it is read. */
export function whyNotBodyHeaders(headers: IncomingHttpHeaders): ArmError | undefined {
  const length = Number(headers["content-length"] ?? 0);
  if (length > BODY_BYTES_MAX)
    return new ArmError(
      413,
      { code: "RequestEntityTooLarge", message: "The body is larger than the limit of 4 MiB." },
      length > DISCARDED_BYTES_MAX ? { headers: { connection: "close" } } : {},
    );
  const hasBody = length > 0 || headers["transfer-encoding"] !== undefined;
  const mediaType = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (hasBody && mediaType !== "application/json")
    return armError(415, "UnsupportedMediaType", "The body must be of Content-Type application/json.");
  return undefined;
}

/** What somebody may do without what a trial gives them: rights as they stand outside of it. */
async function grantsOutside(deps: Deps, grants: GrantQuestion): Promise<readonly Grant[]> {
  return outsideOfCalls(() => deps.store()).roleAssignments.grants(grants);
}

/** Whether the principal may do what the request asks for. */
function judgeRight(request: FastifyRequest, grants: readonly Grant[]): void {
  const { asked } = request.arm;
  if (asked === undefined) return;
  const judged = internalCallOf(request)?.mayReadSuffices === true ? asReading(asked) : asked;
  const access = judgeAccess(principalOf(request), judged, grants);
  if (access instanceof ArmError) throw access;
  request.arm.access = { ...access, action: asked.action };
}

/** Where a cluster stands, and all that is read of it. */
const AT_CLUSTER = `/subscriptions/:sub/resourcegroups/:group/providers/${CLUSTER_TYPE}/:name`.toLowerCase();

/**
 * The cluster that a read is about, to be read together with the rights to it: it is shown, or so much as missed, only to whoever has them, and nothing that is
 * judged looks at it. What writes reads it under its lock.
 */
function clusterToShow(request: FastifyRequest): ClusterId | undefined {
  if (throttleKindOf(request.method) !== "reads") return undefined;
  const url = request.routeOptions.url?.toLowerCase();
  return url === AT_CLUSTER || url?.startsWith(`${AT_CLUSTER}/`) ? clusterIdOf(pathOf(request)) : undefined;
}

/**
 * Steps 7 and 8: whose things are these, may they, and is there such a group. All is read at once and judged in this order. The group itself may be missing:
 * its own routes answer for it.
 */
async function judgeScope(deps: Deps, request: FastifyRequest): Promise<void> {
  const { address, asked } = request.arm;
  const principal = principalOf(request);
  const grants = asked && grantsAskedFor(principal, asked);
  if (address.subscriptionId === undefined) {
    if (asked === undefined) return;
    const { roleAssignments } = deps.store();
    return judgeRight(request, grants === undefined ? [] : await roleAssignments.grants(grants));
  }
  const question = {
    subscriptionId: address.subscriptionId,
    resourceGroup: address.isGroupItself ? undefined : address.resourceGroup,
    tenantId: principal.tenantId,
    effect: throttleKindOf(request.method),
    writes: request.method === "PUT" || request.method === "PATCH",
  };
  const cluster = clusterToShow(request);
  const found = await deps.store().directory.scope({ ...question, grants, cluster });
  const unknown = whyNotSubscription(found.subscription, question);
  if (unknown !== undefined) throw unknown;
  const isOutside = internalCallOf(request)?.mayReadSuffices === true && grants !== undefined;
  judgeRight(request, isOutside ? await grantsOutside(deps, grants) : found.grants);
  const noGroup = whyNotGroup(found.group, question);
  if (noGroup !== undefined) throw noGroup;
  if (cluster !== undefined) request.arm.cluster = { found: found.cluster };
}

async function judge(deps: Deps, rate: Rate, { request, reply }: Exchange): Promise<void> {
  const { address } = request.arm;
  const badTarget = whyNotTarget(request.url);
  if (badTarget !== undefined) throw badTarget;
  // Node would refuse it itself, in another shape (RFC 9112, 3.2); HTTP/1.0 knows no such header.
  if (request.headers.host === undefined && request.raw.httpVersion === "1.1")
    throw armError(400, "InvalidRequest", "The header 'Host' is missing.");
  if (address.kind === "Open") return;
  request.arm.asked = askedOf(request);
  const tooMuch = whyNotBodyHeaders(request.headers);
  if (tooMuch !== undefined) throw tooMuch;
  const version = apiVersionOf(request.query as Readonly<Record<string, unknown>>);
  if (version === undefined) throw missingApiVersion();
  const call = internalCallOf(request);
  request.arm.principal = call?.principal ?? (await deps.verifyToken(bearerOf(request.headers.authorization, deps.settings)));
  const { name } = (request.params ?? {}) as Readonly<Record<string, string | undefined>>;
  const badName = whyNotPath({
    ...(address.subscriptionId !== undefined && { subscriptionId: address.subscriptionId }),
    ...(address.resourceGroup !== undefined && { resourceGroup: address.resourceGroup }),
    ...(name !== undefined && { name }),
  });
  if (badName !== undefined) throw badName;
  // What a deployment does for somebody is bounded by itself, and takes nothing of what they may do besides.
  if (call === undefined) rate(request, reply);
  await judgeScope(deps, request);
  const refusal = whyNotApiVersion(address, version, deps.settings.location);
  if (refusal !== undefined) throw refusal;
  request.arm.apiVersion = version;
}

/** Step 6, before anything is read from the database: what is too much costs nothing more than this. */
type Rate = (request: FastifyRequest, reply: FastifyReply) => void;

function rateBy(deps: Deps): Rate {
  const limits = deps.settings.throttle;
  const throttle = requestThrottle(limits);
  return (request, reply) => {
    const { tenantId, objectId } = principalOf(request);
    const { subscriptionId } = request.arm.address;
    const { method } = request;
    const { headers, refusal } = judgeThrottle(throttle, limits, { method, tenantId, objectId, subscriptionId, nowMs: deps.clock.now() });
    reply.headers(headers);
    if (refusal !== undefined) throw refusal;
  };
}

/** Puts the steps in front of every route and of the answer to unknown ones. */
export async function addPipeline(app: FastifyInstance, deps: Deps, within: <T>(work: Promise<T>) => Promise<T>): Promise<void> {
  const rate = rateBy(deps);
  app.decorateRequest("arm");
  app.addHook("onRequest", (request, reply, done) => {
    setIds(deps, request, reply);
    done();
  });
  await allowOrigins(app, deps.settings.corsOrigins);
  app.addHook("onRequest", async (request, reply) => within(judge(deps, rate, { request, reply })));
  app.addHook("preHandler", (request, _reply, done) => {
    request.arm.isPastGateway = request.arm.address.kind === "Provider";
    done();
  });
}
