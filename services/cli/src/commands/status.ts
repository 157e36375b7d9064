import { exitCodes } from "../exit-code.ts";
import { runningOperation } from "../view/host-routing-view.ts";
import { watch } from "../watch.ts";
import type { CommandParts } from "./set-mode.ts";

/** `status`: shows once, or with `watch` until nothing is under way any more. */
export async function statusCommand(parts: CommandParts, options: { watch: boolean }): Promise<number> {
  const picture = await watch({ ...parts, over: (seen) => !options.watch || runningOperation(seen) === undefined });
  if (runningOperation(picture) !== undefined) return exitCodes.ok;
  return options.watch && picture.hostRouting.properties.operation?.phase === "Failed" ? exitCodes.failed : exitCodes.ok;
}
