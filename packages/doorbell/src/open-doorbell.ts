import type { Logger } from "@hostrouting/runtime";
import type { Doorbell } from "./doorbell.ts";
import { postgresDoorbell } from "./postgres-doorbell.ts";
import { redisDoorbell } from "./redis-doorbell.ts";

/** The doorbell that the configuration asks for: BullMQ where a Redis is named, else Postgres. All processes of an installation must be told the same. */
export function openDoorbell(where: { readonly databaseUrl: string; readonly redisUrl: string | undefined }, logger: Logger): Doorbell {
  return where.redisUrl === undefined ? postgresDoorbell(where.databaseUrl, logger) : redisDoorbell(where.redisUrl, logger);
}
