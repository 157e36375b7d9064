import {
  as,
  ASSESSMENTS_KEPT,
  ASSESSMENT_MAX_MS,
  assessmentAt,
  SUPERSEDED_ASSESSMENT,
  type Assessment,
  type AssessmentAnswer,
  type AssessmentId,
  type AssessmentRequest,
  type ClusterId,
  type Instant,
} from "@hostrouting/domain";
import { sql, type Kysely, type RawBuilder, type Selectable, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** Questions of `validate` and `whatIf`: asked by the control plane, answered by whoever holds the cluster. */
export type AssessmentStore = {
  /**
   * Takes the place of a question of the same kind that is not answered yet, forgets all but the last answers, and makes the cluster due at once. `Absent`: the
   * cluster is gone.
   */
  request(asked: AssessmentRequest): Promise<"Asked" | "Absent">;
  /** As it is by the database's clock. */
  get(id: AssessmentId): Promise<Assessment | undefined>;
  /** Keeps an answer; false when the question was answered, replaced or out of time before. */
  answer(id: AssessmentId, answer: AssessmentAnswer): Promise<boolean>;
};

/** A question that is to be answered. `ageMs`: how long ago it was asked. */
export type OpenAssessment = AssessmentRequest & { readonly ageMs: number };

/** As long as something is to be answered the cluster is looked at again this soon, also after the death of whoever was about to. */
const PENDING_LOOK_SECONDS = 5;

const isOpen = sql<boolean>`state = 'Pending' and requested_at > clock_timestamp() - ${ASSESSMENT_MAX_MS} * interval '1 millisecond'`;

/** When a cluster is due for what was asked of it; null where nothing was. */
export function assessmentDue(clusterId: ClusterId): RawBuilder<Date | null> {
  const soon = sql`clock_timestamp() + ${PENDING_LOOK_SECONDS} * interval '1 second'`;
  return sql`case when exists (select from assessment where cluster_id = ${clusterId} and ${isOpen}) then ${soon} end`;
}

function toRequest(row: Selectable<Tables["assessment"]>): AssessmentRequest {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    kind: row.kind,
    mode: row.mode,
    rolloutPolicy: row.rollout_policy,
    tenantId: row.tenant_id,
    objectId: row.object_id,
  };
}

function toAssessment(row: Selectable<Tables["assessment"]> & { now: Date }): Assessment {
  const assessment = {
    ...toRequest(row),
    state: row.state,
    report: row.report ?? undefined,
    error: row.error ?? undefined,
    requestedAt: as<Instant>(row.requested_at.getTime()),
    endedAt: row.ended_at === null ? undefined : as<Instant>(row.ended_at.getTime()),
  };
  return assessmentAt(assessment, as<Instant>(row.now.getTime()));
}

/** What is to be answered of a cluster, the oldest first. */
export async function openAssessments(tx: Kysely<Tables>, clusterId: ClusterId): Promise<readonly OpenAssessment[]> {
  const rows = await tx
    .selectFrom("assessment")
    .selectAll()
    .select(sql<Date>`clock_timestamp()`.as("now"))
    .where("cluster_id", "=", clusterId)
    .where(isOpen)
    .orderBy("requested_at")
    .execute();
  return rows.map((row) => ({ ...toRequest(row), ageMs: row.now.getTime() - row.requested_at.getTime() }));
}

async function request(tx: Transaction<Tables>, asked: AssessmentRequest): Promise<"Asked" | "Absent"> {
  const { clusterId, kind } = asked;
  // Requests lock the cluster's row first, as all others do: two at once come one after the other.
  const cluster = await tx.selectFrom("managed_cluster").select("id").where("id", "=", clusterId).forUpdate().executeTakeFirst();
  if (cluster === undefined) return "Absent";
  await tx
    .updateTable("assessment")
    .set({ state: "Canceled", error: JSON.stringify(SUPERSEDED_ASSESSMENT), ended_at: sql`clock_timestamp()` })
    .where("cluster_id", "=", clusterId)
    .where("kind", "=", kind)
    .where("state", "=", "Pending")
    .execute();
  const kept = tx
    .selectFrom("assessment")
    .select("id")
    .where("cluster_id", "=", clusterId)
    .where("state", "!=", "Pending")
    .orderBy("requested_at", "desc")
    .limit(ASSESSMENTS_KEPT);
  await tx
    .deleteFrom("assessment")
    .where("cluster_id", "=", clusterId)
    .where("state", "!=", "Pending")
    .where("id", "not in", kept)
    .execute();
  await tx
    .insertInto("assessment")
    .values({
      id: asked.id,
      cluster_id: clusterId,
      kind,
      mode: asked.mode,
      rollout_policy: JSON.stringify(asked.rolloutPolicy),
      state: "Pending",
      report: null,
      error: null,
      tenant_id: asked.tenantId,
      object_id: asked.objectId,
      ended_at: null,
    })
    .execute();
  await tx
    .updateTable("cluster_round")
    .set({ look_again_at: sql`clock_timestamp()` })
    .where("cluster_id", "=", clusterId)
    .execute();
  return "Asked";
}

/** Assessments on Postgres. */
export function assessmentStore(db: Kysely<Tables>): AssessmentStore {
  return {
    request: (asked) => db.transaction().execute((tx) => request(tx, asked)),
    async get(id) {
      const row = await db
        .selectFrom("assessment")
        .selectAll()
        .select(sql<Date>`clock_timestamp()`.as("now"))
        .where("id", "=", id)
        .executeTakeFirst();
      return row && toAssessment(row);
    },
    async answer(id, answer) {
      const updated = await db
        .updateTable("assessment")
        .set({
          state: answer.state,
          report: answer.state === "Succeeded" ? JSON.stringify(answer.report) : null,
          error: answer.state === "Failed" ? JSON.stringify(answer.error) : null,
          ended_at: sql`clock_timestamp()`,
        })
        .where("id", "=", id)
        .where(isOpen)
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },
  };
}
