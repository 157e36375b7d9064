import httpProxy from "@fastify/http-proxy";
import type { FastifyInstance } from "fastify";

/** Where clients look for tokens of a tenant (Entra's layout). */
const PREFIXES = ["/:tenant/oauth2", "/:tenant/v2.0", "/:tenant/discovery", "/common"] as const;
const ANSWER_TIMEOUT_MS = 4_000;

/** Development only: forwards token requests, so that one address is both ARM and authority. */
export async function authorityProxy(app: FastifyInstance, authorityUrl: string): Promise<void> {
  await app.register(async (scope) => {
    // Bodies go through untouched: ours would insist on JSON.
    scope.removeAllContentTypeParsers();
    for (const prefix of PREFIXES)
      await scope.register(httpProxy, {
        upstream: authorityUrl,
        prefix,
        rewritePrefix: prefix,
        httpMethods: ["GET", "POST"],
        http: { requestOptions: { timeout: ANSWER_TIMEOUT_MS } },
      });
  });
}
