import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { oneOf, readConfig, text, type Setting } from "@hostrouting/runtime";

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

function digest(value: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(value)) throw new Error("must be sha256: and 64 hexadecimal digits");
  return value;
}

const settings = {
  /** `HOSTROUTING_DATABASE_URL`: the store. */
  databaseUrl: { env: "HOSTROUTING_DATABASE_URL", parse: text, secret: true } satisfies Setting<string>,
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
  /** `HOSTROUTING_LOG_LEVEL`. */
  logLevel: { env: "HOSTROUTING_LOG_LEVEL", parse: oneOf(...LOG_LEVELS), fallback: "info" } satisfies Setting<string>,
};

/** The worker's configuration, read once. */
export type WorkerConfig = {
  readonly databaseUrl: string;
  readonly bundleImage: string;
  readonly bundleDigest: string;
  readonly workerId: string;
  readonly logLevel: string;
};

/** Reads and checks the environment. @throws ConfigError naming everything that is missing or wrong */
export function readWorkerConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  return readConfig(settings, env);
}
