import { randomUUID } from "node:crypto";
import { Agent, request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { AppError } from "@hostrouting/domain";
import type { Credential } from "./credential.ts";
import { reachableLookup } from "./reachable-lookup.ts";

/** Every call ends within this: a round must stay far below the lease. */
const CALL_TIMEOUT_MS = 5_000;
/** 5,000 nodes of about 12 KiB each are 60 MiB; more than that is not a list of ours. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** A round reads at most half a dozen lists at once. */
const SOCKETS_MAX = 16;
/** A second of silence before the first probe of TCP; ten follow, a second apart. */
const KEEP_ALIVE_MS = 1_000;
const USER_AGENT = "acns-hostrouting-rollout-worker/0.1.0";

/** One call. `query` members that are undefined are left out. */
export type ApiCall = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
};

/** An answer, whatever its status. `date`: its Date header, RFC 9110, section 6.6.1. */
export type ApiAnswer = { readonly status: number; readonly body: unknown; readonly date?: string | undefined };

/** Calls to one API server over kept connections. */
export type ApiClient = {
  /** Any answer, 5xx included. @throws AppError `kube.unreachable` when there is none in time. */
  send(call: ApiCall): Promise<ApiAnswer>;
  /** The body of a 2xx answer. @throws AppError, see ClusterAccess. */
  call(call: ApiCall): Promise<unknown>;
  /** Opens a stream (a watch) that has no time limit but its own. */
  stream(call: ApiCall, onAnswer: (answer: IncomingMessage) => void, onError: (error: Error) => void): { close(): void };
  close(): void;
};

/** The path of a call with its query, below the server's own path. */
export function targetOf(server: URL, call: ApiCall): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, value);
  const text = query.toString();
  return `${server.pathname.replace(/\/$/, "")}${call.path}${text === "" ? "" : `?${text}`}`;
}

const CODES: Readonly<Record<number, string>> = {
  401: "kube.forbidden",
  403: "kube.forbidden",
  404: "kube.not-found",
  409: "kube.conflict",
  429: "kube.throttled",
};

/** An API server that lives and answers 500, since an admission webhook of somebody's does not (apiserver, `webhook.ErrCallingWebhook`): no outage of its own. */
const WEBHOOK_AWAY = /failed calling webhook/;

function codeOf(status: number, words: string): string {
  if (status === 500 && WEBHOOK_AWAY.test(words)) return "kube.webhook-away";
  return CODES[status] ?? (status >= 500 ? "kube.unreachable" : "kube.refused");
}

/** What an answer that is no success means; the API server's own words are kept. */
export function failureOf(call: ApiCall, answer: ApiAnswer): AppError {
  const said = (answer.body as { message?: unknown } | null)?.message;
  const words = typeof said === "string" ? said.slice(0, 500) : `status ${answer.status}`;
  return new AppError(codeOf(answer.status, words), {
    say: `The API server answered ${call.method} ${call.path} with ${answer.status}: ${words}`,
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 200) };
  }
}

function read(answer: IncomingMessage, done: (error: Error | undefined, body: unknown) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) answer.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`));
    else chunks.push(chunk);
  });
  answer.on("error", (error) => done(error, undefined));
  answer.on("end", () => done(undefined, parse(Buffer.concat(chunks).toString("utf8"))));
}

function optionsOf(credential: Credential, call: ApiCall, body: string | undefined): RequestOptions {
  return {
    host: credential.server.hostname,
    port: credential.server.port === "" ? 443 : Number(credential.server.port),
    method: call.method,
    path: targetOf(credential.server, call),
    headers: {
      accept: "application/json",
      "user-agent": USER_AGENT,
      "audit-id": randomUUID(),
      ...(credential.token === undefined ? {} : { authorization: `Bearer ${credential.token}` }),
      ...(body === undefined ? {} : { "content-type": call.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
    },
  };
}

function agentOf(credential: Credential, maxSockets: number): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets,
    lookup: reachableLookup(credential.loopbackAllowed),
    ...(credential.ca === undefined ? {} : { ca: credential.ca }),
    ...(credential.cert === undefined ? {} : { cert: credential.cert }),
    ...(credential.key === undefined ? {} : { key: credential.key }),
    ...(credential.serverName === undefined ? {} : { servername: credential.serverName }),
  });
}

/** A kept connection that the server had closed: the one fault that is worth a second try, since the call never began. */
function isStaleConnection(error: NodeJS.ErrnoException, reused: boolean): boolean {
  return reused && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

/** A client for one credential. */
export function apiClient(credential: Credential): ApiClient {
  const calls = agentOf(credential, SOCKETS_MAX);
  const streams = agentOf(credential, Number.POSITIVE_INFINITY);

  function once(call: ApiCall, mayRetry: boolean): Promise<ApiAnswer> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...optionsOf(credential, call, body), agent: calls, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      const fail = (cause: Error): void => {
        if (mayRetry && isStaleConnection(cause, outgoing.reusedSocket)) return resolve(once(call, false));
        reject(
          new AppError("kube.unreachable", {
            say: `The API server ${credential.server.host} did not answer ${call.method} ${call.path}`,
            do: "Check that it runs and that the worker can reach it.",
            cause,
          }),
        );
      };
      outgoing.on("error", fail);
      outgoing.on("response", (answer) =>
        read(answer, (error, parsed) =>
          error === undefined ? resolve({ status: answer.statusCode ?? 0, body: parsed, date: answer.headers.date }) : fail(error),
        ),
      );
      outgoing.end(body);
    });
  }

  return {
    send: (call) => once(call, true),
    async call(call) {
      const answer = await once(call, true);
      if (answer.status < 200 || answer.status > 299) throw failureOf(call, answer);
      return answer.body;
    },
    stream(call, onAnswer, onError) {
      const outgoing = request({ ...optionsOf(credential, call, undefined), agent: streams });
      // Nobody sends into a stream that rests: only this tells that the other end is gone, after eleven seconds.
      outgoing.on("socket", (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      outgoing.on("error", onError);
      outgoing.on("response", onAnswer);
      outgoing.end();
      return { close: () => outgoing.destroy() };
    },
    close() {
      calls.destroy();
      streams.destroy();
    },
  };
}
