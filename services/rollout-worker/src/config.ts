import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { isIP } from "node:net";
import { admissionBounds, defaultAdmission, STEP_TRIES_DEFAULT, stepTriesBounds, type AdmissionLimits } from "@hostrouting/domain";
import { redisUrl } from "@hostrouting/doorbell";
import { integer, oneOf, readConfig, text, type MetricsEndpoint, type Setting } from "@hostrouting/runtime";

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

function digest(value: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(value)) throw new Error("must be sha256: and 64 hexadecimal digits");
  return value;
}

/** `address:port`, an address of IPv6 in brackets; `off`: nowhere. */
function endpoint(value: string): MetricsEndpoint | undefined {
  if (value === "off") return undefined;
  const [, host = "", port = ""] = /^(.+):(\d{1,5})$/.exec(value) ?? [];
  const address = host.replace(/^\[(.+)\]$/, "$1");
  if (isIP(address) === 0 || (isIP(address) === 6) !== host.startsWith("[") || Number(port) > 65_535)
    throw new Error("must be off, or an IP address and a port like 127.0.0.1:9477 or [::1]:9477");
  return { host: address, port: Number(port) };
}

const places = integer(admissionBounds.min, admissionBounds.max);

const settings = {
  /** `HOSTROUTING_DATABASE_URL`: the store. */
  databaseUrl: { env: "HOSTROUTING_DATABASE_URL", parse: text, secret: true } satisfies Setting<string>,
  /** `HOSTROUTING_REDIS_URL`: where rings are queued; without it they come by Postgres. The control plane must be told the same. */
  redisUrl: { env: "HOSTROUTING_REDIS_URL", parse: redisUrl, fallback: undefined, secret: true } satisfies Setting<string | undefined>,
  /** `HOSTROUTING_BUNDLE_IMAGE`: the node bundle that is rolled out. */
  bundleImage: { env: "HOSTROUTING_BUNDLE_IMAGE", parse: text } satisfies Setting<string>,
  /** `HOSTROUTING_BUNDLE_DIGEST`: its digest; agents must report exactly this one. */
  bundleDigest: { env: "HOSTROUTING_BUNDLE_DIGEST", parse: digest } satisfies Setting<string>,
  /** `HOSTROUTING_WORKER_ID`: holder of leases; unique per process. */
  workerId: {
    env: "HOSTROUTING_WORKER_ID",
    parse: text,
    fallback: `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`,
  } satisfies Setting<string>,
  /** `HOSTROUTING_METRICS_LISTEN`: where Prometheus is answered; port 0 takes a free one. Nobody is asked who he is. */
  metrics: {
    env: "HOSTROUTING_METRICS_LISTEN",
    parse: endpoint,
    fallback: { host: "127.0.0.1", port: 9477 },
  } satisfies Setting<MetricsEndpoint | undefined>,
  /** `HOSTROUTING_ADMISSION_GLOBAL`, `_SUBSCRIPTION`, `_REGION`: operations that may be under way at once, 1–10,000; the same for all workers. */
  global: { env: "HOSTROUTING_ADMISSION_GLOBAL", parse: places, fallback: defaultAdmission.global } satisfies Setting<number>,
  subscription: {
    env: "HOSTROUTING_ADMISSION_SUBSCRIPTION",
    parse: places,
    fallback: defaultAdmission.subscription,
  } satisfies Setting<number>,
  region: { env: "HOSTROUTING_ADMISSION_REGION", parse: places, fallback: defaultAdmission.region } satisfies Setting<number>,
  /** `HOSTROUTING_STEP_TRIES_MAX`: how often a step may fail in a row before its operation is paused, 1–1,000. */
  stepTriesMax: {
    env: "HOSTROUTING_STEP_TRIES_MAX",
    parse: integer(stepTriesBounds.min, stepTriesBounds.max),
    fallback: STEP_TRIES_DEFAULT,
  } satisfies Setting<number>,
  /** `HOSTROUTING_WEBHOOK_LOOPBACK`: `Allowed` for development, where the webhooks of gates listen on this machine. */
  webhookLoopback: {
    env: "HOSTROUTING_WEBHOOK_LOOPBACK",
    parse: oneOf("Allowed", "Refused"),
    fallback: "Refused",
  } satisfies Setting<"Allowed" | "Refused">,
  /** `HOSTROUTING_LOG_LEVEL`. */
  logLevel: { env: "HOSTROUTING_LOG_LEVEL", parse: oneOf(...LOG_LEVELS), fallback: "info" } satisfies Setting<string>,
};

/** The worker's configuration, read once. */
export type WorkerConfig = {
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly bundleImage: string;
  readonly bundleDigest: string;
  readonly workerId: string;
  readonly metrics: MetricsEndpoint | undefined;
  readonly admission: AdmissionLimits;
  readonly stepTriesMax: number;
  readonly webhookLoopback: "Allowed" | "Refused";
  readonly logLevel: string;
};

/** Reads and checks the environment. @throws ConfigError naming everything that is missing or wrong */
export function readWorkerConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const { global, subscription, region, ...config } = readConfig(settings, env);
  return { ...config, admission: { global, subscription, region } };
}
