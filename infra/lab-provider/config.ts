/**
 * What the lab provider is told by its environment; read once, in `main.ts`.
 *
 * | variable | meaning | default |
 * |--|--|--|
 * | HOSTROUTING_DATABASE_URL | libpq URL of the store | – |
 * | HOSTROUTING_REDIS_URL | queue that the worker listens to; Postgres' own when absent | none |
 * | HOSTROUTING_LAB_CLUSTERS | folder of the labs, one below it for each cluster | – |
 * | HOSTROUTING_BUNDLE_DIGEST | of the bundle that the worker rolls out, `sha256:…` | – |
 * | HOSTROUTING_LAB_CLUSTERS_MAX | clusters that this machine may hold beside the one that is there from the start | 4 |
 * | HOSTROUTING_LAB_NODES_MAX | nodes of all of them together | 12 |
 * | HOSTROUTING_LAB_LEASE_MS | how long a claim lasts that nobody renews: what a killed provider held is taken up after it | 6000 |
 * | HOSTROUTING_LOG_LEVEL | as for the control plane | info |
 */
import { integer, readConfig, text } from "@hostrouting/runtime";

/** Reads and checks the environment. @throws ConfigError naming every variable that is missing or wrong. */
export function readProviderConfig(env: Readonly<Record<string, string | undefined>>) {
  return readConfig(
    {
      databaseUrl: { env: "HOSTROUTING_DATABASE_URL", parse: text },
      redisUrl: { env: "HOSTROUTING_REDIS_URL", parse: text, fallback: undefined },
      clusters: { env: "HOSTROUTING_LAB_CLUSTERS", parse: text },
      bundleDigest: { env: "HOSTROUTING_BUNDLE_DIGEST", parse: text },
      clustersMax: { env: "HOSTROUTING_LAB_CLUSTERS_MAX", parse: integer(0, 64), fallback: 4 },
      nodesMax: { env: "HOSTROUTING_LAB_NODES_MAX", parse: integer(0, 256), fallback: 12 },
      leaseMs: { env: "HOSTROUTING_LAB_LEASE_MS", parse: integer(1_000, 600_000), fallback: 6_000 },
      logLevel: { env: "HOSTROUTING_LOG_LEVEL", parse: text, fallback: "info" },
    },
    env,
  );
}

/** Checked configuration. */
export type ProviderConfig = ReturnType<typeof readProviderConfig>;
