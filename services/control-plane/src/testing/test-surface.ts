import { randomUUID } from "node:crypto";
import { request as httpsRequest, Agent } from "node:https";
import type { AddressInfo } from "node:net";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { postgresDoorbell } from "@hostrouting/doorbell";
import { createLogger, systemClock } from "@hostrouting/runtime";
import { openStore, type Store } from "@hostrouting/store";
import { tokenVerifier } from "../arm/bearer-token.ts";
import type { Deps, Settings } from "../deps.ts";
import { buildServer } from "../server.ts";
import { checkContract } from "./check-contract.ts";
import { makeTestCertificate, type TestCertificate } from "./test-certificate.ts";
import { ids, TESTER } from "./test-cluster.ts";
import { makeTestDatabase } from "./test-database.ts";

/** A request as a test writes it; `path` goes on the wire as it is. */
export type Ask = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, text and bytes as they stand. */
  readonly body?: unknown;
  /** Claims that differ from those of a good token; `null` sends no token. */
  readonly token?: Readonly<Record<string, unknown>> | null;
};
/** A reply as it came. */
export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed body; an empty object when there is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests reach into bodies of every shape
  readonly body: any;
};

/** The whole surface on loopback, over TLS, on a real database. */
export type TestSurface = {
  readonly store: Store;
  readonly deps: Deps;
  readonly certificate: TestCertificate;
  readonly base: string;
  readonly port: number;
  ask(ask: Ask): Promise<Reply>;
  /** A good token. */
  token(): Promise<string>;
  close(): Promise<void>;
};

const ISSUER = `https://issuer.test/${ids.tenantId}/`;
const AUDIENCE = "https://management.azure.com";
const PLENTY = { size: 1_000_000, refillPerSecond: 1_000_000 };
const REQUEST_TIMEOUT_MS = 10_000;

type Signer = (claims: Readonly<Record<string, unknown>>) => Promise<string>;

async function makeIssuer(): Promise<{ sign: Signer; keys: ReturnType<typeof createLocalJWKSet> }> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: "RS256", kid: "test" }] });
  const sign: Signer = (claims) => {
    const now = Math.floor(Date.now() / 1000);
    const good = {
      iss: ISSUER,
      aud: AUDIENCE,
      tid: ids.tenantId,
      oid: TESTER,
      appid: ids.clientId,
      idtyp: "app",
      iat: now,
      nbf: now,
      exp: now + 600,
    };
    return new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg: "RS256", kid: "test" }).sign(privateKey);
  };
  return { sign, keys };
}

function send(port: number, agent: Agent, ask: Ask & { headers: Readonly<Record<string, string>> }): Promise<Reply> {
  const isAsItStands = typeof ask.body === "string" || Buffer.isBuffer(ask.body);
  const body = ask.body === undefined ? undefined : isAsItStands ? (ask.body as string | Buffer) : JSON.stringify(ask.body);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const options = {
      host: "127.0.0.1",
      servername: "localhost",
      port,
      agent,
      method: ask.method ?? "GET",
      path: ask.path,
      headers: { ...length, ...ask.headers },
      timeout: REQUEST_TIMEOUT_MS,
    };
    const request = httpsRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        try {
          checkContract(ask.path, status, text);
          resolve({ status, headers: response.headers, text, body: text === "" ? {} : JSON.parse(text) });
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on("timeout", () => request.destroy(new Error(`No answer to ${ask.path} in time`)));
    request.on("error", reject);
    request.end(body);
  });
}

/** Starts the surface with a database, an issuer and a certificate of its own. */
export async function startTestSurface(
  changes: Partial<Pick<Settings, "throttle" | "corsOrigins" | "requestTimeoutMs" | "providers">> = {},
): Promise<TestSurface> {
  const database = await makeTestDatabase();
  const store = await openStore(database.url, () => undefined);
  const { sign, keys } = await makeIssuer();
  const certificate = await makeTestCertificate();
  const logger = createLogger("control-plane-test", "silent");
  const doorbell = postgresDoorbell(database.url, logger);
  const settings = {
    publicUrl: "https://localhost:8443",
    location: "test",
    retryAfterSeconds: 1,
    requestTimeoutMs: 30_000,
    // Tests ask as fast as they can.
    throttle: { reads: PLENTY, writes: PLENTY, deletes: PLENTY },
    corsOrigins: [],
    providers: [],
    authorityUrl: undefined,
    nodeHourPrice: { amount: 3_600_000, currency: "USD" },
    ...changes,
  };
  const verifyToken = tokenVerifier({ issuer: ISSUER, audiences: [AUDIENCE, `${AUDIENCE}/`], publicUrl: settings.publicUrl }, keys);
  const deps = { store: () => store, doorbell, verifyToken, clock: systemClock, newId: randomUUID, logger, settings };
  const app = await buildServer(deps, { cert: Buffer.from(certificate.cert), key: Buffer.from(certificate.key) });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const agent = new Agent({ ca: certificate.ca, keepAlive: true });
  return {
    store,
    deps,
    certificate,
    base: settings.publicUrl,
    port,
    token: () => sign({}),
    async ask(ask) {
      const authorization = ask.token === null ? {} : { authorization: `Bearer ${await sign(ask.token ?? {})}` };
      const type = ask.body === undefined ? {} : { "content-type": "application/json" };
      return send(port, agent, { ...ask, headers: { ...authorization, ...type, ...ask.headers } });
    },
    async close() {
      agent.destroy();
      await app.close();
      await doorbell.close();
      await store.close();
      await database.drop();
    },
  };
}
