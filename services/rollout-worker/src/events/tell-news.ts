import { AppError, as, explain, type Instant } from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import type { Logger } from "@hostrouting/runtime";
import { afterTry, decideEvents, forgetOld, type News, type ToldNews } from "./decide-events.ts";

/** What telling needs. `mayAct` turns false as soon as the lease may be somebody else's. */
export type TellContext = {
  readonly access: Pick<ClusterAccess, "writeEvent">;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
  readonly workerId: string;
};

/** Where nothing answers each further try may cost its round five seconds, and nodes wait for the next one. */
const NO_ROOM: ReadonlySet<string> = new Set(["kube.unreachable", "kube.throttled"]);
const QUIET_MS = 10_000;

/**
 * Tells with Events what is recorded, and answers what is told now. Never throws: an Event is news, and no round ends for one that could not be written;
 * it is tried again in a minute.
 */
export async function tellNews(
  { access, logger, mayAct, workerId }: TellContext,
  news: readonly News[],
  { told, now }: { readonly told: ToldNews; readonly now: Instant },
): Promise<ToldNews> {
  let after = forgetOld(told, news, now);
  if (after.quietUntil !== undefined && now < after.quietUntil) return after;
  for (const event of decideEvents(news, after, { instance: workerId, now })) {
    if (!mayAct()) return after;
    try {
      await access.writeEvent(event);
      after = afterTry(after, event, { isWritten: true, now });
    } catch (error) {
      logger.warn({ event: event.metadata.name, reason: event.reason, problem: explain(error) }, "an Event was not written");
      after = afterTry(after, event, { isWritten: false, now });
      if (error instanceof AppError && NO_ROOM.has(error.code)) return { ...after, quietUntil: as<Instant>(now + QUIET_MS) };
    }
  }
  return after;
}
