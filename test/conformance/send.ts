import { request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";

/** A reply as it came. */
export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  readonly bytes: number;
};

/** A request as it goes on the wire: nothing in it is normalised. */
export type WireRequest = {
  readonly method: string;
  readonly base: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

const TIMEOUT_MS = 60_000;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** Sends one request. A server that answers before it has read the whole body is heard, though it hangs up then. */
export function send({ method, base, path, headers, body }: WireRequest): Promise<Reply> {
  const url = new URL(base);
  const plain = url.protocol === "http:";
  const options = {
    host: url.hostname,
    port: url.port || (plain ? 80 : 443),
    method,
    path,
    headers: { ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }), ...headers },
    timeout: TIMEOUT_MS,
    ...(!plain && { agent }),
  };
  return new Promise((resolve, reject) => {
    let answered = false;
    const request = (plain ? httpRequest : httpsRequest)(options, (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const whole = Buffer.concat(chunks);
        const flat = Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(flat) as Reply["headers"],
          text: whole.toString("utf8"),
          bytes: whole.length,
        });
      });
    });
    request.on("timeout", () => request.destroy(new Error(`No answer to ${method} ${path} within ${TIMEOUT_MS / 1000} s`)));
    request.on("error", (error) => {
      if (!answered) reject(error);
    });
    request.end(body);
  });
}
