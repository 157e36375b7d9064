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
    parts.say(`The mode is ${mode} already, so nothing was begun. ${reached(await parts.read(), mode)}`);
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
  parts.say(reached(await parts.read(), mode));
  return exitCodes.ok;
}

/** What came of it: an operation may succeed without nodes that were skipped, or that were allowed to fail. */
function reached({ hostRouting: { properties } }: HostRoutingPicture, mode: AccelerationMode): string {
  const { state, nodeCounts } = properties;
  if (mode === "BpfVeth" && state === "Enabled") return "Host routing is on.";
  if (mode === "None" && state === "Disabled") return "Host routing is off.";
  const { enabled = 0, eligible = 0 } = nodeCounts;
  const more = mode === "BpfVeth" ? ', and "hostrouting upgrade" goes on with the others' : "";
  return `Host routing is on for ${enabled} of ${eligible} nodes (${state}). "hostrouting status" says why${more}.`;
}
