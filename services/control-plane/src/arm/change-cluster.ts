import type { FastifyRequest } from "fastify";
import type { ClusterId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { retryLostRaces } from "../enablement/retry-lost-races.ts";
import { ArmError } from "./arm-error.ts";
import { auditEntry } from "./audit-hook.ts";

/** What is to be changed, and the pure decision about it. */
export type WantedChange<R> = {
  readonly id: ClusterId;
  readonly decide: (locked: LockedCluster | undefined) => { change?: ClusterChange; result: R };
};

/**
 * Changes a cluster under lock, with the entry of the audit in the same transaction. Rings nobody.
 * @throws ArmError as it was decided.
 */
export async function changeCluster<R>(
  deps: Deps,
  request: FastifyRequest,
  { id, decide }: WantedChange<R>,
): Promise<Exclude<R, ArmError>> {
  const entry = auditEntry(request);
  let hasChanged = false;
  const result = await retryLostRaces(() =>
    deps.store().clusters.change(
      id,
      (locked) => {
        const decision = decide(locked);
        hasChanged = decision.change !== undefined;
        return decision;
      },
      entry,
    ),
  );
  request.arm.isAudited ||= hasChanged;
  if (result instanceof ArmError) throw result;
  return result as Exclude<R, ArmError>;
}
