import type { Deployment, DeploymentError, DeploymentLease, DeploymentStep } from "@hostrouting/domain";
import { sql, type Expression, type ExpressionBuilder, type SqlBool, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** How far one step has come; its times are the database's. */
export type StepProgress = Omit<DeploymentStep, "startedAt" | "endedAt">;

/** How a run ends. */
export type DeploymentEnd =
  | { readonly state: "Succeeded"; readonly outputs: NonNullable<Deployment["outputs"]> }
  | { readonly state: "Failed"; readonly error: DeploymentError };

/** What a holder did since it wrote last. */
export type DeploymentProgress = { readonly steps?: readonly StepProgress[]; readonly end?: DeploymentEnd };

/**
 * The row of a run that is not over and still this holder's. A holder whose time is over may go on as long as nobody took the run: what it does is
 * repeatable, and only one of two writers can have the token.
 */
export function isHeld(lease: DeploymentLease): (where: ExpressionBuilder<Tables, "deployment">) => Expression<SqlBool> {
  return (where) =>
    where.and([
      where("run_id", "=", lease.runId),
      where("holder", "=", lease.holder),
      where("token", "=", lease.token),
      where("state", "in", ["Accepted", "Running"]),
    ]);
}

/** Errors quote what a template says, in which functions can make U+0000 and halves of surrogate pairs; `jsonb` takes neither, and a run whose end cannot be written would never end. */
const storable = (_name: string, value: unknown): unknown =>
  typeof value === "string" ? value.toWellFormed().replaceAll("\u0000", "\ufffd") : value;
const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value, storable));

async function writeStep(tx: Transaction<Tables>, lease: DeploymentLease, step: StepProgress): Promise<void> {
  const values = {
    state: step.state,
    status_code: step.statusCode ?? null,
    error: json(step.error),
    follow_url: step.followUrl ?? null,
    ended_at: step.state === "Running" ? null : sql<Date>`clock_timestamp()`,
  };
  await tx
    .insertInto("deployment_step")
    .values({ run_id: lease.runId, key: step.key, id: step.id, kind: step.kind, target: json(step.target), ...values })
    .onConflict((conflict) => conflict.columns(["run_id", "key"]).doUpdateSet(values))
    .execute();
}

/** Writes progress under the lease, or nothing at all. */
export async function writeProgress(
  tx: Transaction<Tables>,
  lease: DeploymentLease,
  { steps = [], end }: DeploymentProgress,
): Promise<"Recorded" | "Lost"> {
  const held = await tx.selectFrom("deployment").select("id").where(isHeld(lease)).forUpdate().executeTakeFirst();
  if (held === undefined) return "Lost";
  for (const step of steps) await writeStep(tx, lease, step);
  const values =
    end === undefined
      ? { state: "Running" as const }
      : {
          state: end.state,
          ended_at: sql<Date>`clock_timestamp()`,
          outputs: end.state === "Succeeded" ? JSON.stringify(end.outputs) : null,
          error: end.state === "Failed" ? json(end.error) : null,
        };
  await tx.updateTable("deployment").set(values).where("id", "=", held.id).execute();
  return "Recorded";
}
