import type { ArmCluster } from "@hostrouting/azure";
import type { ArmComponents } from "@hostrouting/contracts";
import { exitCodes } from "../exit-code.ts";
import { readList } from "../read-list.ts";
import { findingLines } from "../view/finding-view.ts";

/** What `findings` was asked. */
export type FindingsOptions = { readonly node?: string | undefined; readonly output: "table" | "json" };

/** `findings`: the rules that keep host routing from nodes, of all or of one that is named among a finding's first. */
export async function findingsCommand(
  cluster: Pick<ArmCluster, "readHostRouting">,
  { node, output }: FindingsOptions,
  say: (line: string) => void,
): Promise<number> {
  const value = await readList<ArmComponents["schemas"]["RuleFinding"]>(cluster, "/findings");
  const wanted = node === undefined ? value : value.filter(({ nodes }) => nodes.some(({ name }) => name === node));
  for (const line of output === "json" ? [JSON.stringify(wanted, null, 2)] : findingLines(wanted)) say(line);
  return exitCodes.ok;
}
