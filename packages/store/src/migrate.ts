import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { AppError } from "@hostrouting/domain";
import * as clustersAndOperations from "./migrations/0001-clusters-and-operations.ts";
import * as controlOfOperations from "./migrations/0002-control-of-operations.ts";
import * as usage from "./migrations/0003-usage.ts";
import * as maintenanceConfigurations from "./migrations/0004-maintenance-configurations.ts";
import * as faultsOfRounds from "./migrations/0005-faults-of-rounds.ts";
import * as assessments from "./migrations/0006-assessments.ts";
import * as authorizationAndAudit from "./migrations/0007-authorization-and-audit.ts";
import * as provisioning from "./migrations/0008-provisioning.ts";
import * as deployments from "./migrations/0009-deployments.ts";
import * as neighbours from "./migrations/0010-neighbours.ts";
import * as registeredCredentials from "./migrations/0013-registered-credentials.ts";
import * as removalsOfGroups from "./migrations/0014-removals-of-groups.ts";
import * as followersOfOperations from "./migrations/0015-followers-of-operations.ts";
import * as deletedSubscriptions from "./migrations/0016-deleted-subscriptions.ts";
import * as updatesOfRoleAssignments from "./migrations/0017-updates-of-role-assignments.ts";
import type { Tables } from "./tables.ts";

/** In order of their numbers; a migration that has landed is never edited. A number may land after a higher one: then it is caught up on. */
const MIGRATIONS = {
  "0001-clusters-and-operations": clustersAndOperations,
  "0002-control-of-operations": controlOfOperations,
  "0003-usage": usage,
  "0004-maintenance-configurations": maintenanceConfigurations,
  "0005-faults-of-rounds": faultsOfRounds,
  "0006-assessments": assessments,
  "0007-authorization-and-audit": authorizationAndAudit,
  "0008-provisioning": provisioning,
  "0009-deployments": deployments,
  "0010-neighbours": neighbours,
  "0013-registered-credentials": registeredCredentials,
  "0014-removals-of-groups": removalsOfGroups,
  "0015-followers-of-operations": followersOfOperations,
  "0016-deleted-subscriptions": deletedSubscriptions,
  "0017-updates-of-role-assignments": updatesOfRoleAssignments,
};

/**
 * Brings the schema up to date; safe when several processes start at once (kysely takes a lock).
 * @throws AppError `store.migration-failed`
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS }, allowUnorderedMigrations: true });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw new AppError("store.migration-failed", {
      say: "The database schema could not be brought up to date",
      do: "Look at the database's log; no data was changed.",
      cause: error,
    });
}
