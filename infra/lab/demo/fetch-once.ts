import { connect } from "node:net";

/** Where to connect, and from which source port when it matters. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  readonly localPort?: number;
}

/** Without an answer for this long a connection has failed; five times what counts as a stall. */
export const ANSWER_TIMEOUT_MS = 5_000;

const REQUEST = "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n";

/**
 * Opens one connection, asks once, reads to the end and closes. Nothing is tried again. Gives the answer's body.
 * Fails with the socket's own error, "no answer within 5 s", or "the connection ended early".
 */
export function fetchOnce(endpoint: Endpoint): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: endpoint.ip,
      port: endpoint.port,
      noDelay: true,
      ...(endpoint.localPort && { localPort: endpoint.localPort }),
    });
    let answer = "";
    const timer = setTimeout(() => socket.destroy(new Error("no answer within 5 s")), ANSWER_TIMEOUT_MS);
    socket.setEncoding("latin1");
    socket.once("connect", () => socket.write(REQUEST));
    socket.on("data", (part: string) => (answer += part));
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once("close", () => {
      clearTimeout(timer);
      const at = answer.indexOf("\r\n\r\n");
      if (answer.startsWith("HTTP/1.1 200") && at !== -1) resolve(answer.slice(at + 4));
      else reject(Object.assign(new Error("the connection ended early"), { code: "ECONNRESET" }));
    });
  });
}
