import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "./logger.ts";
import { exposition, EXPOSITION_TYPE, type MetricFamily } from "./metric-exposition.ts";

/** Where to listen. Port 0: any that is free. */
export type MetricsEndpoint = { readonly host: string; readonly port: number };

/** `collect` is called for each exposition and only looks at what is there. */
export type MetricsServerOptions = {
  readonly collect: () => readonly MetricFamily[];
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  /** Milliseconds, from any beginning. */
  readonly monotonicNow: () => number;
};

/** Whoever asks again within this gets the same text: nobody can make a process work by asking. */
const FRESH_MS = 1_000;
/** Prometheus keeps one connection; two servers of it, and a person. */
const CONNECTIONS_MAX = 16;
const REQUEST_TIMEOUT_MS = 5_000;

type Listening = { readonly server: Server; isUp: boolean };

/**
 * Answers `GET /metrics`, without a secret in it and without asking who reads, on the addresses that it is told. An address on which it cannot listen is
 * tried again at the next `follow`; nothing else of the process depends on it.
 */
export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #servers = new Map<string, Listening>();
  /** Addresses that failed, so that each is warned of once. */
  readonly #failed = new Set<string>();
  #last: { readonly text: Promise<string>; readonly at: number } | undefined;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
  }

  /** Listens on these addresses from now on, and on no others. Never throws; call it as often as you like. */
  follow(endpoints: readonly MetricsEndpoint[]): void {
    const wanted = new Map(endpoints.map((endpoint) => [keyOf(endpoint), endpoint]));
    for (const [key, { server }] of this.#servers) if (!wanted.has(key)) this.#close(key, server);
    for (const [key, endpoint] of wanted) if (!this.#servers.has(key)) this.#open(key, endpoint);
  }

  /** Where it listens now. */
  addresses(): readonly MetricsEndpoint[] {
    return [...this.#servers.values()]
      .filter(({ isUp }) => isUp)
      .map(({ server }) => {
        const { address: host, port } = server.address() as AddressInfo;
        return { host, port };
      });
  }

  /** Ends every connection. */
  stop(): void {
    for (const [key, { server }] of this.#servers) this.#close(key, server);
  }

  #open(key: string, { host, port }: MetricsEndpoint): void {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      void this.#answer(request, response);
    });
    server.maxConnections = CONNECTIONS_MAX;
    const listening: Listening = { server, isUp: false };
    this.#servers.set(key, listening);
    server.on("listening", () => {
      listening.isUp = true;
      this.#failed.delete(key);
      this.#options.logger.info({ ...(server.address() as AddressInfo) }, "metrics are served");
    });
    server.on("error", (error) => {
      if (!this.#failed.has(key))
        this.#options.logger.warn({ host, port, cause: error.message }, "metrics cannot be served here, will be tried again");
      this.#failed.add(key);
      if (this.#servers.get(key) === listening) this.#close(key, server);
    });
    // it must not keep a process alive that has nothing else to do
    server.unref();
    server.listen({ host, port });
  }

  #close(key: string, server: Server): void {
    this.#servers.delete(key);
    server.close();
    server.closeAllConnections();
  }

  async #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): Promise<void> {
    const isAsked = url === "/metrics" || url.startsWith("/metrics?");
    if (!isAsked) return end(response, 404, "Only /metrics is here.\n");
    if (method !== "GET" && method !== "HEAD") return end(response, 405, "Only GET and HEAD.\n");
    try {
      const text = await this.#text();
      response.writeHead(200, { "content-type": EXPOSITION_TYPE, "content-length": Buffer.byteLength(text) });
      response.end(method === "HEAD" ? undefined : text);
    } catch (error) {
      this.#options.logger.error({ err: error }, "metrics could not be said");
      end(response, 500, "Metrics could not be said: see the log.\n");
    }
  }

  #text(): Promise<string> {
    const now = this.#options.monotonicNow();
    if (this.#last !== undefined && now - this.#last.at < FRESH_MS) return this.#last.text;
    const text = Promise.resolve().then(() => exposition(this.#options.collect()));
    this.#last = { text, at: now };
    return text;
  }
}

function keyOf({ host, port }: MetricsEndpoint): string {
  return `${host} ${port}`;
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}
