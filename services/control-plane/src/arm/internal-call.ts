/**
 * Requests that the control plane makes to itself, without a socket: a deployment writes its resources through the same pipeline as everybody,
 * as whoever deployed. Who asks is known from the asynchronous context in which the request was made, and from nothing that is in the request:
 * no header, no address and no body can claim it, and a request that came over a connection is never taken for one.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { Socket } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { JsonPath } from "@hostrouting/template";
import type { Aggregates } from "@hostrouting/store";
import type { Principal } from "./principal.ts";

/** As whom, and in which store, a request is made. */
export type InternalCall = {
  readonly principal: Principal;
  readonly correlationId: string;
  /** The request is a question: it sees and changes this store, of which nothing is kept. */
  readonly trial?: Aggregates;
  /** In a trial only: who may read a resource is asked no more to write it. What the trial gave away as rights counts for nothing. */
  readonly mayReadSuffices?: boolean;
  /** Places in the body that were made of secure parameters: they may be kept in no table. */
  readonly securePaths?: readonly JsonPath[];
};
/** A request as it is made; `url` is path and query. */
export type InternalRequest = { readonly method: "GET" | "PUT" | "POST" | "DELETE"; readonly url: string; readonly body?: unknown };
/** A reply as far as anybody looks at it. An empty body is undefined. */
export type InternalReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
};

const calls = new AsyncLocalStorage<InternalCall>();

/** The store of the trial that the work under way belongs to, if it belongs to one. */
export function trialStore(): Aggregates | undefined {
  return calls.getStore()?.trial;
}

/** Who asks, when a request is one of our own. */
export function internalCallOf(request: Pick<FastifyRequest, "raw">): InternalCall | undefined {
  return request.raw.socket instanceof Socket ? undefined : calls.getStore();
}

/** Runs work that outlives the request in whose course it begins. */
export function outsideOfCalls<T>(work: () => T): T {
  return calls.exit(work);
}

function parsed(text: string): unknown {
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

/** Makes a request, and answers what came back, whatever it is. */
export function callInside(app: FastifyInstance, call: InternalCall, request: InternalRequest): Promise<InternalReply> {
  const { method, url, body } = request;
  return calls.run(call, async () => {
    const headers = {
      "x-ms-correlation-request-id": call.correlationId,
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const reply = await app.inject({ method, url, headers, ...(body !== undefined && { payload: JSON.stringify(body) }) });
    const one = (name: string): string | undefined => {
      const value = reply.headers[name];
      return value === undefined ? undefined : String(value);
    };
    const kept = { "azure-asyncoperation": one("azure-asyncoperation"), location: one("location"), "retry-after": one("retry-after") };
    return { status: reply.statusCode, headers: kept, body: parsed(reply.payload) };
  });
}
