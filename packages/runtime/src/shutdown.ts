import closeWithGrace from "close-with-grace";
import type { Logger } from "./logger.ts";

/** Ends a process in order: SIGTERM, SIGINT and uncaught errors run `close` once, bounded by `graceMs`, then exit. */
export function endInOrder(logger: Logger, graceMs: number, close: () => Promise<void>): void {
  closeWithGrace({ delay: graceMs, logger: false }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, "ending because of an uncaught error");
    else logger.info({ signal }, "ending");
    await close();
  });
}
