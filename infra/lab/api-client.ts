import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { AppError } from "@hostrouting/domain";

/** One request to an API server. */
export interface ApiCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path with query. */
  readonly path: string;
  readonly body?: unknown;
  /** Media type of the body; JSON unless said otherwise. */
  readonly contentType?: string;
  /** Limit for the whole exchange; 10 s unless said otherwise. */
  readonly timeoutMs?: number;
}

/** The answer, whatever its status. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/** A connection to one cluster as one user. */
export interface ApiClient {
  /** Gives the answer whatever its status. Throws AppError `lab.api-unreachable` when there is none. */
  call(call: ApiCall): Promise<ApiAnswer>;
  /** Gives the parsed body of a 2xx answer. Throws AppError `lab.api-refused` for any other. */
  json<T>(call: ApiCall): Promise<T>;
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Connects by a kubeconfig that has certificates inside it, such as the lab writes. */
export async function connectApi(kubeconfigFile: string): Promise<ApiClient> {
  const config = JSON.parse(await readFile(kubeconfigFile, "utf8")) as LabKubeconfig;
  const cluster = config.clusters[0]?.cluster;
  const user = config.users[0]?.user;
  if (!cluster || !user)
    throw new AppError("lab.kubeconfig", { say: `${kubeconfigFile} names no cluster or no user`, do: "Start the lab again" });
  const agent = new Agent({
    keepAlive: true,
    ca: decode(cluster["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
  });
  const server = new URL(cluster.server);
  const call = (one: ApiCall): Promise<ApiAnswer> => exchange({ agent, server, call: one });
  return { call, json: async <T>(one: ApiCall) => parse<T>(one, await call(one)), close: () => agent.destroy() };
}

interface LabKubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }[];
  readonly users: readonly { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }[];
}

function decode(text: string): string {
  return Buffer.from(text, "base64").toString();
}

function parse<T>(call: ApiCall, answer: ApiAnswer): T {
  if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text) as T;
  throw new AppError("lab.api-refused", {
    say: `${call.method} ${call.path} was answered with ${answer.status}: ${answer.text.slice(0, 500)}`,
  });
}

function exchange({ agent, server, call }: { agent: Agent; server: URL; call: ApiCall }): Promise<ApiAnswer> {
  const body = call.body === undefined ? undefined : typeof call.body === "string" ? call.body : JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(new AppError("lab.api-unreachable", { say: `${call.method} ${call.path} got no answer`, cause }));
    const outgoing = request(
      {
        agent,
        host: server.hostname,
        port: server.port,
        method: call.method,
        path: call.path,
        signal: AbortSignal.timeout(call.timeoutMs ?? DEFAULT_TIMEOUT_MS),
        headers:
          body === undefined ? {} : { "content-type": call.contentType ?? "application/json", "content-length": Buffer.byteLength(body) },
      },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.once("error", fail);
        incoming.once("end", () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
      },
    );
    outgoing.once("error", fail);
    outgoing.end(body);
  });
}
