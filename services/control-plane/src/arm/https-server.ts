import type { ServerOptions } from "node:https";
import Fastify, { type FastifyInstance } from "fastify";
import type { Deps } from "../deps.ts";
import { BODY_BYTES_MAX } from "./pipeline.ts";
import { withoutOrigin } from "./request-target.ts";
import { refuseMalformed, sendEarlyError } from "./send-error.ts";
import { slowClientLimits } from "./slow-clients.ts";

/** Where listeners differ. */
export type HttpsServerOptions = {
  readonly tls: ServerOptions;
  /** Fastify's own where absent. */
  readonly keepAliveTimeout?: number;
  /** Of a name in an address, characters; Fastify's own where absent. */
  readonly maxParamLength?: number;
};

/** A server without routes, with the limits of every listener, that refuses in ARM's shape what does not come as far as a route. */
export function createHttpsServer(deps: Deps, { tls, maxParamLength, keepAliveTimeout }: HttpsServerOptions): FastifyInstance {
  const { requestTimeoutMs } = deps.settings;
  return Fastify({
    https: { minVersion: "TLSv1.2", ...slowClientLimits(requestTimeoutMs), ...tls },
    routerOptions: {
      caseSensitive: false,
      ignoreDuplicateSlashes: true,
      ignoreTrailingSlash: true,
      ...(maxParamLength !== undefined && { maxParamLength }),
    },
    rewriteUrl: ({ url = "" }) => withoutOrigin(url),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: requestTimeoutMs,
    ...(keepAliveTimeout !== undefined && { keepAliveTimeout }),
    forceCloseConnections: true,
    genReqId: () => deps.newId(),
    requestIdHeader: false,
    frameworkErrors: (error, request, reply) => sendEarlyError(deps, error, { request, reply }),
    clientErrorHandler: (error, socket) => refuseMalformed(deps, error, socket),
  }) as unknown as FastifyInstance;
}
