import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";

/** What a 204 may not carry (RFC 9110, 8.6), and Fastify's own answer to HEAD has set by now. */
async function withoutContent(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (reply.statusCode === 200) reply.code(204).removeHeader("content-type").removeHeader("content-length");
}

type OnSend = Extract<NonNullable<RouteOptions["onSend"]>, readonly unknown[]>;

/**
 * ARM tells with 204 that a resource is there, and SDKs that ask whether it is take no other answer but 404. To be called before there are routes, whose answers
 * to HEAD Fastify makes of those to GET.
 */
export function addHeadReplies(app: FastifyInstance): void {
  app.addHook("onRoute", (route) => {
    if (route.method !== "HEAD" || !/^\/(subscriptions|providers|tenants)\b/.test(route.url)) return;
    // Last of all: Fastify's own handler stands in the list already.
    route.onSend = [...([route.onSend ?? []].flat() as OnSend), withoutContent];
  });
}
