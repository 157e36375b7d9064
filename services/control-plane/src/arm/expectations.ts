import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { whyNotBodyHeaders } from "./pipeline.ts";
import { errorReply, replyHeaders } from "./reply-headers.ts";

function refuseExpectation(deps: Deps, request: IncomingMessage, response: ServerResponse): void {
  const id = deps.newId();
  const ids = { requestId: id, correlationId: id, clientRequestId: undefined, location: deps.settings.location, nowMs: deps.clock.now() };
  const message = `The header 'Expect' asks for what nobody can promise here: leave it out, or send '100-continue'.`;
  const { headers, body } = errorReply(armError(417, "ExpectationFailed", message), false);
  // The body stays unread, so what follows on the connection is no request.
  response.writeHead(417, { ...replyHeaders(ids), ...headers, connection: "close" }).end(JSON.stringify(body));
  request.resume();
}

/**
 * Answers who waits for a word before sending a body (RFC 9110, 10.1.1). Node would ask for every body before anybody has looked at the request: one that
 * its headers already condemn is refused at once instead, and need not be sent.
 */
export function addExpectations(app: FastifyInstance, deps: Deps): void {
  app.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (whyNotBodyHeaders(request.headers) === undefined) response.writeContinue();
    app.server.emit("request", request, response);
  });
  app.server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => refuseExpectation(deps, request, response));
}
