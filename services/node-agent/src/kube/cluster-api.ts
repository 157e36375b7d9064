import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { AppError } from "@hostrouting/domain";

/** Where the API server is and the service account's folder (token and ca.crt). */
export type ClusterApiOptions = { host: string; port: number; serviceAccountDir: string };

const REQUEST_TIMEOUT_MS = 10_000;
/** An answer larger than this is none that we asked for. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Characters of an answer that are worth a line in the log. */
const SAID_MAX = 300;

/** A new object (POST), or a patch of one: an array is a JSON patch (RFC 6902), anything else a merge patch (RFC 7396). */
export type ApiWrite = { method: "POST" | "PATCH"; path: string; body: unknown };

/** The content type of a write, which tells the API server what its body is. */
export function contentTypeOf({ method, body }: ApiWrite): string {
  if (method === "POST") return "application/json";
  return Array.isArray(body) ? "application/json-patch+json" : "application/merge-patch+json";
}

/**
 * Replaces a status whole. A merge patch would keep every member that the new status lacks: a break-glass that has ended would be reported for
 * ever.
 */
export function statusWrite(path: string, status: unknown): ApiWrite {
  return { method: "PATCH", path, body: [{ op: "add", path: "/status", value: status }] };
}

type Call = { method: "GET" | ApiWrite["method"]; path: string; body?: string; contentType?: string; timeoutMs?: number };

/** The node's own API server, over the service account. A few calls need no client library: that keeps the agent small. */
export class ClusterApi {
  readonly #options: ClusterApiOptions;
  readonly #agent: Agent;

  constructor(options: ClusterApiOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(join(options.serviceAccountDir, "ca.crt")) });
  }

  /** An object or list; undefined when there is none (404). @throws AppError `kube.refused` or `kube.unreachable`. */
  async get(path: string): Promise<unknown> {
    const { status, body } = await this.#call({ method: "GET", path });
    if (status === 404) return undefined;
    return JSON.parse(expectSuccess(path, status, body));
  }

  /** Writes what must be taken; false when there is no such object. @throws AppError `kube.refused` or `kube.unreachable`. */
  async patch(write: ApiWrite): Promise<boolean> {
    const { status, said } = await this.write(write);
    if (status === 404) return false;
    expectSuccess(write.path, status, said);
    return true;
  }

  /** A write whose answer is for the caller to judge, whatever its status. @throws AppError `kube.unreachable` when there is none. */
  async write(write: ApiWrite): Promise<{ status: number; said: string }> {
    const { method, path, body } = write;
    const answer = await this.#call({ method, path, body: JSON.stringify(body), contentType: contentTypeOf(write) });
    return { status: answer.status, said: answer.body.slice(0, SAID_MAX) };
  }

  /** Reads a watch to its end, one JSON line after the other. */
  async watch(path: string, options: { timeoutMs: number; signal: AbortSignal; onLine: (line: string) => void }): Promise<void> {
    const response = await this.#send({ method: "GET", path, timeoutMs: options.timeoutMs }, options.signal);
    if (response.statusCode !== 200) {
      response.resume();
      throw new AppError("kube.refused", { say: `watch of ${path}: HTTP ${response.statusCode}` });
    }
    let rest = "";
    for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") options.onLine(line);
      if (rest.length > ANSWER_BYTES_MAX) throw new AppError("kube.refused", { say: `watch of ${path}: a line without end` });
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #call(call: Call): Promise<{ status: number; body: string }> {
    const response = await this.#send(call);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > ANSWER_BYTES_MAX) throw new AppError("kube.refused", { say: `${call.path}: the answer has no end` });
      chunks.push(chunk);
    }
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") };
  }

  #send(call: Call, signal?: AbortSignal): Promise<IncomingMessage> {
    const { host, port, serviceAccountDir } = this.#options;
    // read each time: kubelet replaces the token while we run
    const token = readFileSync(join(serviceAccountDir, "token"), "utf8").trim();
    const headers: Record<string, string | number> = { authorization: `Bearer ${token}`, accept: "application/json" };
    if (call.body !== undefined && call.contentType !== undefined) {
      headers["content-type"] = call.contentType;
      headers["content-length"] = Buffer.byteLength(call.body);
    }
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => reject(new AppError("kube.unreachable", { say: `${call.method} ${call.path} failed`, cause }));
      const options = { host, port, method: call.method, path: call.path, headers, agent: this.#agent, ...(signal ? { signal } : {}) };
      const outgoing = request(options, resolve);
      outgoing.setTimeout(call.timeoutMs ?? REQUEST_TIMEOUT_MS, () => outgoing.destroy(new Error("no answer in time")));
      outgoing.on("error", fail);
      outgoing.end(call.body);
    });
  }
}

function expectSuccess(path: string, status: number, body: string): string {
  if (status >= 200 && status < 300) return body;
  throw new AppError("kube.refused", { say: `${path}: HTTP ${status} ${body.slice(0, SAID_MAX)}` });
}
