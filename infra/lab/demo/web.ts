// A replica of the demo application: HTTP on 8080, TCP and UDP echo on 9000, all dual-stack.
import { createSocket } from "node:dgram";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { hostname } from "node:os";
import process from "node:process";
import { PauseWatch } from "./pause-watch.ts";
import { ECHO_PORT, POD_HTTP_PORT, WHO, type WebAnswer } from "./traffic-contract.ts";

/** Connections that have not been accepted yet; the traffic client's highest rate fits in a tenth of a second. */
const BACKLOG = 1024;

const pauses = new PauseWatch();

const web = createHttpServer((request, response) => {
  const answer: WebAnswer = { pod: hostname(), from: request.socket.remoteAddress, pausedMs: pauses.longestMs() };
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(answer)}\n`);
});
web.listen({ port: POD_HTTP_PORT, host: "::", backlog: BACKLOG });

const echo = createTcpServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy()); // the client counts what it sees; there is nobody here to tell
  socket.pipe(socket);
});
echo.listen({ port: ECHO_PORT, host: "::", backlog: BACKLOG });

const datagrams = createSocket({ type: "udp6", ipv6Only: false });
datagrams.on("message", (message, from) => {
  const answer = message.toString() === WHO ? hostname() : message;
  datagrams.send(answer, from.port, from.address);
});
datagrams.bind(ECHO_PORT, "::");

// Requests under way are finished; echo flows live as long as the pod and go with it.
process.once("SIGTERM", () => web.close(() => process.exit(0)));
