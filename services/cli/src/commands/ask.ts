import { exitCodes } from "../exit-code.ts";
import type { CommandParts } from "./set-mode.ts";

/** `pause`, `resume`, `cancel`, `retry`, `skip`, `approve`, `reject`, `rollback`, `upgrade`, `acknowledge`: asks, and says what to look at; refused with what is allowed instead where the operation's phase does not permit it. */
export async function askCommand(
  parts: Pick<CommandParts, "cluster" | "say">,
  verb: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<number> {
  await parts.cluster.ask(verb, body);
  parts.say(`Asked to ${verb}. "hostrouting status --watch" shows how it goes.`);
  return exitCodes.ok;
}
