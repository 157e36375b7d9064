import { explain, type Instant, type ManagedPolicyStatus } from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import { policyNews } from "@hostrouting/policy";
import type { Logger } from "@hostrouting/runtime";
import { afterTry, decidePolicyEvents, forgetOld, type ToldPolicy } from "./decide-policy-events.ts";

/** What telling needs. `mayAct` turns false as soon as the lease may be somebody else's. */
export type TellContext = {
  readonly access: Pick<ClusterAccess, "writeEvent">;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
  readonly workerId: string;
};

/**
 * Tells with Events what became of the policy, as recorded, and answers what is told now. Never throws: an Event is news, and no round ends for one that
 * could not be written; it is tried again in a minute.
 */
export async function tellPolicy(
  { access, logger, mayAct, workerId }: TellContext,
  policy: { readonly status: ManagedPolicyStatus; readonly uid: string | undefined },
  { told, now }: { readonly told: ToldPolicy; readonly now: Instant },
): Promise<ToldPolicy> {
  const { status, uid } = policy;
  const news = policyNews(status, now);
  const teller = { name: status.name, uid, instance: workerId, now };
  let after = forgetOld(told, news, teller);
  for (const event of decidePolicyEvents(news, after, teller)) {
    if (!mayAct()) return after;
    try {
      await access.writeEvent(event);
      after = afterTry(after, event, { isWritten: true, now });
    } catch (error) {
      logger.warn({ event: event.metadata.name, reason: event.reason, problem: explain(error) }, "an Event was not written");
      after = afterTry(after, event, { isWritten: false, now });
    }
  }
  return after;
}
