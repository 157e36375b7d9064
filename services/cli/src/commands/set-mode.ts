import type { ArmCluster } from "@hostrouting/azure";
import type { AccelerationMode } from "@hostrouting/domain";
import { exitCodes } from "../exit-code.ts";
import type { HostRoutingPicture } from "../view/host-routing-view.ts";
import { watch } from "../watch.ts";
import type { Screen } from "../view/screen.ts";

/** What a command may use. */
export type CommandParts = {
  readonly cluster: ArmCluster;
  readonly read: () => Promise<HostRoutingPicture>;
  readonly lines: (picture: HostRoutingPicture) => readonly string[];
  readonly screen: Screen;
  readonly say: (line: string) => void;
};

/** `enable` and `disable`: asks, shows every node's progress while it lasts, and answers how it ended. */
export async function setModeCommand(parts: CommandParts, mode: AccelerationMode, options: { wait: boolean }): Promise<number> {
  const change = await parts.cluster.setMode(mode);
  if (!change.started) {
    parts.say(`Nothing to do: the mode is ${mode} already.`);
    return exitCodes.ok;
  }
  if (!options.wait) {
    parts.say(`Accepted. "hostrouting status --watch" shows how it goes.`);
    return exitCodes.inProgress;
  }
  let ended = false;
  const finished = change.finished().finally(() => (ended = true));
  // Shown until the operation ended: its error, if any, comes from `finished`.
  const shown = watch({ ...parts, over: () => ended });
  await Promise.all([finished, shown.catch(() => undefined)]);
  parts.say(mode === "BpfVeth" ? "Host routing is on." : "Host routing is off.");
  return exitCodes.ok;
}
