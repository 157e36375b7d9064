/**
 * The HTTPS server: its limits, its pipeline, its routes, and the one place where errors become replies.
 * Whatever is refused, by us, by Fastify or by the HTTP parser, is refused with an ARM error body.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { flatLogger, type FlatLogger } from "@hostrouting/runtime";
import { authorityProxy } from "./arm/authority-proxy.ts";
import { addAudit } from "./arm/audit-hook.ts";
import { addBodyParser } from "./arm/body-parser.ts";
import { addExpectations } from "./arm/expectations.ts";
import { createHttpsServer } from "./arm/https-server.ts";
import { addHeadReplies } from "./arm/head-replies.ts";
import { internalCallOf } from "./arm/internal-call.ts";
import { addPipeline } from "./arm/pipeline.ts";
import { addRoutes } from "./arm/routes.ts";
import { sendError } from "./arm/send-error.ts";
import { plainPath } from "./arm/request-context.ts";
import { unknownRoute } from "./arm/unknown-route.ts";
import { cascadeService } from "./cascades/cascade-service.ts";
import { withDeadline } from "./deadline.ts";
import { withTrials } from "./deployments/trial-deps.ts";
import type { Deps } from "./deps.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** How long the handler of this route may take, where that is more than others have. */
    deadlineMs?: number;
  }
}

/** Certificate chain and private key, PEM. */
export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer };

/** Front half and handler may each take this long: 2 × 2.4 s stays below the 5 s within which every request is answered. */
const STEP_MS_MAX = 2_400;
const KEEP_ALIVE_MS = 65_000;
/** Longer than any resource group (90) with each character escaped as UTF-8. */
const PARAM_LENGTH_MAX = 1_100;

function logReply(logger: FlatLogger, request: FastifyRequest, reply: FastifyReply): void {
  const { correlationId, principal } = request.arm ?? {};
  const line = {
    reqId: request.id,
    correlationId,
    objectId: principal?.objectId,
    method: request.method,
    path: plainPath(request),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
  };
  const isProbe = line.path === "/healthz" || line.path === "/readyz";
  const call = internalCallOf(request);
  const isQuiet = isProbe || call?.trial !== undefined || (call !== undefined && request.method === "GET");
  logger[isQuiet ? "debug" : "info"]({ ...line, ...(call && { within: call.trial ? "trial" : "deployment" }) }, "request");
}

/** Builds the server; it listens when told to. */
export async function buildServer(outside: Deps, tls: TlsFiles): Promise<FastifyInstance> {
  const deps = withTrials(outside);
  const app = createHttpsServer(deps, {
    tls: { cert: tls.cert, key: tls.key, requireHostHeader: false },
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxParamLength: PARAM_LENGTH_MAX,
  });
  const within = <T>(work: Promise<T>, limitMs = STEP_MS_MAX): Promise<T> => withDeadline(work, limitMs);
  addBodyParser(app);
  addExpectations(app, deps);
  await addPipeline(app, deps, within);
  addAudit(app, deps, within);
  app.setErrorHandler((error, request, reply) => sendError(deps, error, { request, reply }));
  app.setNotFoundHandler((request) => {
    throw unknownRoute(request.method, plainPath(request));
  });
  // Before the body is read: of one that is none of JSON's, nobody would learn that the address is wrong.
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.is404) throw unknownRoute(request.method, plainPath(request));
    done();
  });
  const requests = flatLogger(deps.logger);
  app.addHook("onResponse", (request, reply, done) => {
    logReply(requests, request, reply);
    done();
  });
  app.addHook("onRoute", (route) => {
    const { handler } = route;
    if (route.url.startsWith("/subscriptions") || route.url.startsWith("/providers") || route.url === "/readyz")
      route.handler = function bounded(request, reply) {
        return within(Promise.resolve(handler.call(this, request, reply)), route.config?.deadlineMs);
      };
  });
  addHeadReplies(app);
  addRoutes(app, deps);
  cascadeService(app, deps);
  if (deps.settings.authorityUrl !== undefined) await authorityProxy(app, deps.settings.authorityUrl);
  return app;
}
