import path from "node:path";
import { clustersFolder } from "../lab-provider/cluster-place.ts";
import type { CertificateFiles } from "./certificates.ts";
import type { Identity } from "./identity.ts";
import type { StateFolder } from "./state-folder.ts";
import type { ChildPlan } from "./supervised-child.ts";

/** What the services are told; secrets only as paths of files. */
export type ServiceFacts = {
  readonly folder: StateFolder;
  readonly identity: Identity;
  readonly certificates: CertificateFiles;
  readonly databaseUrl: string;
  /** Absent: workers are rung for by Postgres. */
  readonly redisUrl: string | undefined;
  readonly port: number;
  readonly authorityPort: number;
};

/** The image with the node bundle that the worker rolls out, and the digest of what is in it. */
export type Bundle = { readonly image: string; readonly digest: string };

const checkout = path.resolve(import.meta.dirname, "../..");
/** Orderly ends are bounded below the 15 s that the whole installation has. */
const STOP_TIMEOUT_MS = 6_000;

/** Base URL of the ARM endpoint, and of the authority behind it. */
export function publicUrl(port: number): string {
  return `https://localhost:${port}`;
}

/** The ARM surface. */
export function controlPlanePlan(facts: ServiceFacts): ChildPlan {
  const url = publicUrl(facts.port);
  const authority = `http://127.0.0.1:${facts.authorityPort}`;
  return service("control-plane", "services/control-plane/src/main.ts", {
    HOSTROUTING_PORT: String(facts.port),
    HOSTROUTING_LISTEN_ADDRESS: "127.0.0.1",
    HOSTROUTING_TLS_CERT_FILE: facts.certificates.certFile,
    HOSTROUTING_TLS_KEY_FILE: facts.certificates.keyFile,
    HOSTROUTING_DATABASE_URL: facts.databaseUrl,
    ...ringingBy(facts),
    HOSTROUTING_PUBLIC_URL: url,
    HOSTROUTING_ISSUER: `${url}/{tenantid}/`,
    HOSTROUTING_JWKS_URL: `${authority}/common/discovery/v2.0/keys`,
    HOSTROUTING_AUTHORITY_URL: authority,
    HOSTROUTING_PROVIDERS: "lab",
    // One application plays everybody here, who each would have a bucket of their own; writes and deletes stay as they are.
    HOSTROUTING_THROTTLE_READS: "2500/250",
  });
}

/** The development authority: issues tokens for the installation's client and for what its directory holds. */
export function authorityPlan(facts: ServiceFacts): ChildPlan {
  return service("authority", "infra/dev/authority/main.ts", {
    HOSTROUTING_AUTHORITY_PORT: String(facts.authorityPort),
    HOSTROUTING_AUTHORITY_PUBLIC_URL: publicUrl(facts.port),
    HOSTROUTING_AUTHORITY_KEY_FILE: path.join(facts.folder.secrets, "authority-key.json"),
    HOSTROUTING_AUTHORITY_TENANT_ID: facts.identity.tenantId,
    HOSTROUTING_AUTHORITY_CLIENT_ID: facts.identity.clientId,
    HOSTROUTING_AUTHORITY_CLIENT_SECRET_FILE: facts.identity.clientSecretFile,
    HOSTROUTING_AUTHORITY_DIRECTORY_FILE: facts.identity.directoryFile,
  });
}

/** The worker that rolls out. */
export function workerPlan(facts: ServiceFacts, bundle: Bundle): ChildPlan {
  return service("rollout-worker", "services/rollout-worker/src/main.ts", {
    HOSTROUTING_DATABASE_URL: facts.databaseUrl,
    ...ringingBy(facts),
    HOSTROUTING_BUNDLE_IMAGE: bundle.image,
    HOSTROUTING_BUNDLE_DIGEST: bundle.digest,
    // Several installations may run here; the log says which port it is.
    HOSTROUTING_METRICS_LISTEN: "127.0.0.1:0",
  });
}

/** The provider of clusters that are made on request. */
export function labProviderPlan(facts: ServiceFacts, bundle: Bundle): ChildPlan {
  return service("lab-provider", "infra/lab-provider/main.ts", {
    ...buildEnvironment(process.env),
    HOSTROUTING_DATABASE_URL: facts.databaseUrl,
    ...ringingBy(facts),
    HOSTROUTING_LAB_CLUSTERS: clustersFolder(facts.folder.root),
    HOSTROUTING_BUNDLE_DIGEST: bundle.digest,
  });
}

/** What builds of images and of the lab's programs, and the provider's own bounds, may be told by whoever starts everything. */
function buildEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = /^(GO[A-Z0-9]*|XDG_CACHE_HOME|HTTPS?_PROXY|NO_PROXY|SSL_CERT_FILE|TMPDIR|HOSTROUTING_LAB_(CLUSTERS|NODES)_MAX)$/i;
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (kept.test(name) && value !== undefined ? [[name, value]] : [])),
  );
}

/** Both sides of the bell are told the same. */
function ringingBy({ redisUrl }: ServiceFacts): Record<string, string> {
  return redisUrl === undefined ? {} : { HOSTROUTING_REDIS_URL: redisUrl };
}

function service(name: string, file: string, env: Record<string, string>): ChildPlan {
  return {
    name,
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", path.join(checkout, file)],
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: process.env["HOME"] ?? "/", HOSTROUTING_LOG_LEVEL: "info", ...env },
    stopSignal: "SIGTERM",
    stopTimeoutMs: STOP_TIMEOUT_MS,
  };
}
