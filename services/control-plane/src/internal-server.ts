/**
 * What only Resource Manager itself may ask: the life of subscriptions. It listens apart from the public surface, on loopback or behind certificates of
 * its clients, and is off unless it is configured: nothing here asks for a token.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { apiVersionOf, missingApiVersion } from "./arm/api-versions.ts";
import { armError } from "./arm/arm-error.ts";
import { addBodyParser } from "./arm/body-parser.ts";
import { createHttpsServer } from "./arm/https-server.ts";
import { setIds } from "./arm/pipeline.ts";
import { plainPath } from "./arm/request-context.ts";
import { sendError } from "./arm/send-error.ts";
import { readSubscriptionNews } from "./arm/subscription-news.ts";
import { withDeadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { retryLostRaces } from "./enablement/retry-lost-races.ts";

/** Certificate and key; `clientCa`: who has no certificate of it is not let in. PEM. */
export type InternalTls = { readonly cert: Buffer; readonly key: Buffer; readonly clientCa: Buffer | undefined };

const LIFECYCLE_API_VERSION = "2.0";
const ANSWER_MS_MAX = 4_800;

type Named = { readonly Params: { readonly sub: string } };

/** Told in any order and as often as ARM likes: the news with the latest date holds, and every piece is acknowledged with what it said. */
async function tell(deps: Deps, request: FastifyRequest<Named>): Promise<unknown> {
  const version = apiVersionOf(request.query as Readonly<Record<string, unknown>>);
  if (version === undefined) throw missingApiVersion();
  if (version !== LIFECYCLE_API_VERSION)
    throw armError(400, "InvalidApiVersionParameter", `The api-version must be '${LIFECYCLE_API_VERSION}'.`);
  const news = readSubscriptionNews(request.params.sub, request.body);
  const outcome = await retryLostRaces(() => deps.store().subscriptions.tell(news));
  if (outcome === "TenantMissing")
    throw armError(400, "InvalidRequestContent", `Subscription '${news.id}' is not known yet: its properties must have a tenantId.`);
  deps.logger.info({ subscriptionId: news.id, state: news.state, outcome }, "subscription");
  return request.body;
}

/** Builds the server; it listens when told to. */
export function buildInternalServer(deps: Deps, { cert, key, clientCa }: InternalTls): FastifyInstance {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  const app = createHttpsServer(deps, { tls: { cert, key, ...clients } });
  addBodyParser(app);
  app.decorateRequest("arm");
  app.addHook("onRequest", async (request, reply) => setIds(deps, request, reply));
  app.setErrorHandler((error, request, reply) => sendError(deps, error, { request, reply }));
  app.setNotFoundHandler((request) => {
    throw armError(404, "NotFound", `Nothing answers to ${request.method} '${plainPath(request)}' here.`);
  });
  app.put<Named>("/subscriptions/:sub", (request) => withDeadline(tell(deps, request), ANSWER_MS_MAX));
  return app;
}
