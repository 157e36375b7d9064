import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { toArmError } from "./error-funnel.ts";
import { errorReply, replyHeaders } from "./reply-headers.ts";
import { pathOf } from "./request-context.ts";

/** A request and the reply that it is to get. */
export type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };

/** The one place where errors become replies. Faults of ours are logged with their cause, refusals are not. */
export function sendError(deps: Deps, error: unknown, { request, reply }: Exchange): FastifyReply {
  const arm = toArmError(error, pathOf(request).resourceGroup);
  if (arm.status >= 500)
    deps.logger.error({ err: arm.cause ?? arm, reqId: request.id, code: arm.fault.code, status: arm.status }, "request failed");
  const { headers, body } = errorReply(arm, request.arm?.isPastGateway ?? false);
  return reply.code(arm.status).headers(headers).send(body);
}

/** Errors before there is a route: hooks do not run, so the usual headers are set here. */
export function sendEarlyError(deps: Deps, error: unknown, exchange: Exchange): void {
  const { id } = exchange.request;
  const nowMs = deps.clock.now();
  exchange.reply.headers(
    replyHeaders({ requestId: id, correlationId: id, clientRequestId: undefined, location: deps.settings.location, nowMs }),
  );
  sendError(deps, error, exchange);
}

/** What Node's HTTP parser refuses: status line, code. */
const MALFORMED: Readonly<Record<string, readonly [status: string, code: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "RequestHeaderTooLarge"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "RequestTimeout"],
};

/** Errors of HTTP. Others come before there is any (TLS), and who has not done the handshake could not read an answer: its end would wait for ever. */
const OF_HTTP = /^(HPE|ERR_HTTP)_/;
/** Who was refused and does not close has this long to read why. */
const LINGER_MS = 2_000;

/** What the parser refuses never becomes a request; it still gets an ARM body, unless the peer is gone. */
export function refuseMalformed(deps: Deps, error: NodeJS.ErrnoException, socket: Socket): void {
  if (!OF_HTTP.test(error.code ?? "") || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code] = MALFORMED[error.code ?? ""] ?? ["400 Bad Request", "InvalidRequest"];
  const body = JSON.stringify({ error: { code, message: "The request is not valid HTTP, too large in its headers, or too slow." } });
  deps.logger.debug({ err: error }, "malformed request");
  const head = [
    `HTTP/1.1 ${status}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-ms-error-code: ${code}`,
    `x-ms-request-id: ${deps.newId()}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  const linger = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(linger));
}
