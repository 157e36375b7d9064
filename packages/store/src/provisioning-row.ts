import type { ClusterId, Provisioning } from "@hostrouting/domain";
import { sql, type Kysely, type Selectable } from "kysely";
import type { Tables } from "./tables.ts";

/** What the domain's work for a cluster is made of, also where the database gives it as JSON. */
export type ProvisioningRow = Omit<Selectable<Tables["provisioning"]>, "holder" | "token" | "expires_at" | "look_again_at"> & {
  readonly isHeld: boolean;
};

/** Maps a row; whether somebody has it in hand is for the database's clock to say. */
export function toProvisioning(row: ProvisioningRow): Provisioning {
  return {
    clusterId: row.cluster_id,
    provider: row.provider,
    phase: row.phase,
    present: row.present,
    wanted: row.wanted,
    done: row.done,
    attempts: row.attempts,
    said: row.said,
    facts: row.facts ?? undefined,
    isHeld: row.isHeld,
  };
}

/** Whether a claim of it is not over yet, by the database's clock. */
export const isHeld = sql<boolean>`coalesce(expires_at > clock_timestamp(), false)`.as("isHeld");

/** Reads the work for a cluster, if it has a provider that makes it. */
export async function readProvisioning(db: Kysely<Tables>, clusterId: ClusterId): Promise<Provisioning | undefined> {
  const row = await db.selectFrom("provisioning").selectAll().select(isHeld).where("cluster_id", "=", clusterId).executeTakeFirst();
  return row && toProvisioning(row);
}
