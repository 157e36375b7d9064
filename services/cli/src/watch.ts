import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@hostrouting/domain";
import type { HostRoutingPicture } from "./view/host-routing-view.ts";
import type { Screen } from "./view/screen.ts";

const LOOK_MS = 500;
/** An endpoint that restarts is away for seconds; longer than this is worth giving up. */
const AWAY_MS = 60_000;

/**
 * Shows the picture again and again until `over` says so, and answers the last one. An endpoint that is away for a while is waited for.
 * @throws AppError what reading threw, when it is not a matter of waiting.
 */
export async function watch(options: {
  read: () => Promise<HostRoutingPicture>;
  lines: (picture: HostRoutingPicture) => readonly string[];
  screen: Screen;
  over: (picture: HostRoutingPicture) => boolean;
}): Promise<HostRoutingPicture> {
  let answeredAtMs = performance.now();
  for (;;) {
    try {
      const picture = await options.read();
      answeredAtMs = performance.now();
      options.screen.show(options.lines(picture));
      if (options.over(picture)) {
        options.screen.done();
        return picture;
      }
    } catch (error) {
      if (!isAway(error) || performance.now() - answeredAtMs > AWAY_MS) throw error;
      options.screen.show([`${(error as Error).message}; still trying`]);
    }
    await sleep(LOOK_MS);
  }
}

function isAway(error: unknown): boolean {
  return (
    error instanceof AppError &&
    (error.code === "azure.unreachable" || ((error as { problem?: { httpStatus: number } }).problem?.httpStatus ?? 0) >= 500)
  );
}
