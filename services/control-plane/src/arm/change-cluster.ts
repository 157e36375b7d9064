import type { FastifyRequest } from "fastify";
import type { ClusterId, OperationId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { asJsonObject } from "../enablement/json-object.ts";
import { retryLostRaces } from "../enablement/retry-lost-races.ts";
import { ArmError } from "./arm-error.ts";
import { auditEntry } from "./audit-hook.ts";
import type { Principal } from "./principal.ts";
import { principalOf } from "./request-context.ts";

/** What is to be changed, and the pure decision about it. */
export type WantedChange<R> = {
  readonly id: ClusterId;
  readonly decide: (locked: LockedCluster | undefined) => { change?: ClusterChange; result: R };
};

/** The operation that a result sends its client to, where somebody else started it: whoever is sent there must find it. */
function followedIn(result: unknown, locked: LockedCluster | undefined, principal: Principal): OperationId | undefined {
  const { active } = locked ?? {};
  if (active === undefined || result instanceof ArmError || asJsonObject(result)["operationId"] !== active.id) return undefined;
  return active.tenantId === principal.tenantId && active.objectId === principal.objectId ? undefined : active.id;
}

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
  const principal = principalOf(request);
  let hasChanged = false;
  let followed: OperationId | undefined;
  const result = await retryLostRaces(() =>
    deps.store().clusters.change(
      id,
      (locked) => {
        const decision = decide(locked);
        hasChanged = decision.change !== undefined;
        followed = followedIn(decision.result, locked, principal);
        return decision;
      },
      entry,
    ),
  );
  request.arm.isAudited ||= hasChanged;
  if (result instanceof ArmError) throw result;
  if (followed !== undefined) await deps.store().operationFollowers.add(followed, principal);
  return result as Exclude<R, ArmError>;
}
