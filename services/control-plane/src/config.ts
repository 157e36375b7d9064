/**
 * What the control plane is told by its environment; read once, in `main.ts`.
 *
 * | variable | meaning | default |
 * |--|--|--|
 * | HOSTROUTING_PORT | port to listen on, HTTPS only; 0 takes a free one | – |
 * | HOSTROUTING_LISTEN_ADDRESS | address to listen on | 127.0.0.1 |
 * | HOSTROUTING_TLS_CERT_FILE, HOSTROUTING_TLS_KEY_FILE | PEM files: certificate chain and private key | – |
 * | HOSTROUTING_INTERNAL_PORT | port of the listener on which Resource Manager tells the life of subscriptions; HTTPS only | it does not listen |
 * | HOSTROUTING_INTERNAL_LISTEN_ADDRESS | its address; one that is not of loopback needs the next | 127.0.0.1 |
 * | HOSTROUTING_INTERNAL_CLIENT_CA_FILE | PEM file: who may call has a certificate of this authority | whoever reaches it |
 * | HOSTROUTING_DATABASE_URL | Postgres | – |
 * | HOSTROUTING_REDIS_URL | where rings for workers are queued, like `redis://host:6379`; the workers must be told the same | rings go by Postgres |
 * | HOSTROUTING_PUBLIC_URL | base of every absolute URL that we hand out, without a slash at the end | – |
 * | HOSTROUTING_ISSUER | `iss` of tokens that we accept; `{tenantid}` in it stands for the token's own tenant. Entra: `https://sts.windows.net/{tenantid}/` | – |
 * | HOSTROUTING_JWKS_URL | where the issuer publishes its keys. Entra: `https://login.microsoftonline.com/common/discovery/v2.0/keys` | – |
 * | HOSTROUTING_AUDIENCES | `aud` of tokens that we accept, separated by commas | the public URL and Azure Resource Manager's |
 * | HOSTROUTING_AUTHORITY_URL | development only: where `/{tenant}/oauth2`, `/{tenant}/v2.0`, `/{tenant}/discovery`, `/common` are forwarded | not forwarded |
 * | HOSTROUTING_LOCATION | region in `x-ms-routing-request-id` | local |
 * | HOSTROUTING_RETRY_AFTER_SECONDS | how long clients wait between two looks at an operation, 1–600; ARM asks for at least 10 in production | 1 |
 * | HOSTROUTING_REQUEST_TIMEOUT_MS | how long a client may take to send a request before it is cut off, 100–600000 | 30000 |
 * | HOSTROUTING_THROTTLE_READS, HOSTROUTING_THROTTLE_WRITES, HOSTROUTING_THROTTLE_DELETES | requests of one principal in one subscription: at once / more each second; 15 times as many over all principals | 250/25, 200/10, 200/10 |
 * | HOSTROUTING_CORS_ORIGINS | origins like `https://portal.example` whose scripts may call, separated by commas | none |
 * | HOSTROUTING_PRICE_PER_NODE_HOUR | what an hour of one enabled node costs, like `0.016 USD` | usage shows no amounts |
 * | HOSTROUTING_PROVIDERS | who makes and removes clusters here, separated by commas: `lab`; the first makes what is new | none: clusters are only registered |
 * | HOSTROUTING_LOG_LEVEL | trace, debug, info, warn, error, fatal, silent | info |
 */
import type { Provider } from "@hostrouting/domain";
import { KUBERNETES_OF } from "./enablement/cluster-defaults.ts";
import { ARM_LIMITS, type ThrottleLimits } from "./arm/request-throttle.ts";
import type { BucketLimit } from "./arm/token-bucket.ts";
import { redisUrl } from "@hostrouting/doorbell";
import { nodeHourPrice, type NodeHourPrice } from "./node-hour-price.ts";
import { ConfigError, integer, oneOf, readConfig, text, url } from "@hostrouting/runtime";

/** What is read from the environment. */
export type ControlPlaneConfig = ReturnType<typeof readControlPlaneConfig>;

const AZURE_AUDIENCES = ["https://management.azure.com", "https://management.core.windows.net"];

/** An `https:` URL without a slash at its end. Both az and the SDKs refuse to send a token over plain HTTP. */
function publicUrl(value: string): string {
  if (new URL(url(value)).protocol !== "https:") throw new Error("must begin with https://");
  return value.replace(/\/+$/, "");
}

/** Audiences with and without a slash at the end, since clients send both. */
function withSlashes(audiences: readonly string[]): readonly string[] {
  return audiences.map((audience) => audience.replace(/\/+$/, "")).flatMap((audience) => [audience, `${audience}/`]);
}

/** Addresses that only this machine reaches. */
const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost)$/;

const BUCKET_MAX = 1_000_000;

/** `250/25`: a bucket of 250 requests that gets 25 more each second. */
function bucketLimit(value: string): BucketLimit {
  const [size, refillPerSecond] = (/^(\d{1,7})\/(\d{1,7})$/.exec(value) ?? []).slice(1).map(Number);
  if (
    size === undefined ||
    refillPerSecond === undefined ||
    size < 1 ||
    refillPerSecond < 1 ||
    Math.max(size, refillPerSecond) > BUCKET_MAX
  )
    throw new Error(`must be two whole numbers from 1 to ${BUCKET_MAX} with a slash between, like 250/25`);
  return { size, refillPerSecond };
}

/** Origins as browsers send them: scheme, host, port, and nothing after. */
function origins(value: string): readonly string[] {
  const all = value.split(",").map((one) => one.trim());
  if (all.some((one) => !URL.canParse(one) || new URL(one).origin !== one))
    throw new Error("must be origins like https://portal.example, separated by commas");
  return all;
}

const MAKERS = Object.keys(KUBERNETES_OF) as readonly Provider[];

/** Names of providers that can make clusters. */
function providers(value: string): readonly Provider[] {
  const names = value
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  const unknown = names.find((name) => !MAKERS.some((maker) => maker === name));
  if (unknown !== undefined) throw new Error(`must be names of ${MAKERS.join(", ")}; '${unknown}' is none`);
  return names as readonly Provider[];
}

/**
 * Reads and checks the environment.
 * @throws ConfigError naming every variable that is missing or wrong.
 */
export function readControlPlaneConfig(env: Readonly<Record<string, string | undefined>>) {
  const config = readConfig(
    {
      port: { env: "HOSTROUTING_PORT", parse: integer(0, 65_535) },
      listenAddress: { env: "HOSTROUTING_LISTEN_ADDRESS", parse: text, fallback: "127.0.0.1" },
      tlsCertFile: { env: "HOSTROUTING_TLS_CERT_FILE", parse: text },
      tlsKeyFile: { env: "HOSTROUTING_TLS_KEY_FILE", parse: text },
      internalPort: {
        env: "HOSTROUTING_INTERNAL_PORT",
        parse: (value): number | undefined => integer(0, 65_535)(value),
        fallback: undefined,
      },
      internalListenAddress: { env: "HOSTROUTING_INTERNAL_LISTEN_ADDRESS", parse: text, fallback: "127.0.0.1" },
      internalClientCaFile: { env: "HOSTROUTING_INTERNAL_CLIENT_CA_FILE", parse: text, fallback: "" },
      databaseUrl: { env: "HOSTROUTING_DATABASE_URL", parse: text, secret: true },
      redisUrl: { env: "HOSTROUTING_REDIS_URL", parse: (value): string | undefined => redisUrl(value), fallback: undefined, secret: true },
      publicUrl: { env: "HOSTROUTING_PUBLIC_URL", parse: publicUrl },
      issuer: { env: "HOSTROUTING_ISSUER", parse: url },
      jwksUrl: { env: "HOSTROUTING_JWKS_URL", parse: url },
      audiences: { env: "HOSTROUTING_AUDIENCES", parse: text, fallback: "" },
      authorityUrl: { env: "HOSTROUTING_AUTHORITY_URL", parse: url, fallback: "" },
      location: { env: "HOSTROUTING_LOCATION", parse: text, fallback: "local" },
      retryAfterSeconds: { env: "HOSTROUTING_RETRY_AFTER_SECONDS", parse: integer(1, 600), fallback: 1 },
      requestTimeoutMs: { env: "HOSTROUTING_REQUEST_TIMEOUT_MS", parse: integer(100, 600_000), fallback: 30_000 },
      readLimit: { env: "HOSTROUTING_THROTTLE_READS", parse: bucketLimit, fallback: ARM_LIMITS.reads },
      writeLimit: { env: "HOSTROUTING_THROTTLE_WRITES", parse: bucketLimit, fallback: ARM_LIMITS.writes },
      deleteLimit: { env: "HOSTROUTING_THROTTLE_DELETES", parse: bucketLimit, fallback: ARM_LIMITS.deletes },
      corsOrigins: { env: "HOSTROUTING_CORS_ORIGINS", parse: origins, fallback: [] },
      nodeHourPrice: {
        env: "HOSTROUTING_PRICE_PER_NODE_HOUR",
        parse: (value): NodeHourPrice | undefined => nodeHourPrice(value),
        fallback: undefined,
      },
      providers: { env: "HOSTROUTING_PROVIDERS", parse: providers, fallback: [] },
      logLevel: {
        env: "HOSTROUTING_LOG_LEVEL",
        parse: oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent"),
        fallback: "info" as const,
      },
    },
    env,
  );
  if (config.internalPort !== undefined && config.internalClientCaFile === "" && !LOOPBACK.test(config.internalListenAddress))
    throw new ConfigError(
      "Configuration: HOSTROUTING_INTERNAL_LISTEN_ADDRESS is not of loopback, so HOSTROUTING_INTERNAL_CLIENT_CA_FILE must say who may call.",
    );
  const audiences = config.audiences === "" ? [config.publicUrl, ...AZURE_AUDIENCES] : config.audiences.split(",").map((one) => one.trim());
  const throttle: ThrottleLimits = { reads: config.readLimit, writes: config.writeLimit, deletes: config.deleteLimit };
  return Object.freeze({ ...config, throttle, audiences: withSlashes(audiences), authorityUrl: config.authorityUrl || undefined });
}
