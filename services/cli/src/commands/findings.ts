import type { ArmCluster } from "@hostrouting/azure";
import type { ArmComponents } from "@hostrouting/contracts";
import { AppError } from "@hostrouting/domain";
import { exitCodes } from "../exit-code.ts";
import { readList } from "../read-list.ts";
import { findingLines, unscannedLines } from "../view/finding-view.ts";

type Schemas = ArmComponents["schemas"];

/** What `findings` was asked. */
export type FindingsOptions = { readonly node?: string | undefined; readonly output: "table" | "json" };

/**
 * `findings`: the rules that keep host routing from nodes, of all or of one that is named among a finding's first, and whose rules nobody looked at.
 * @throws AppError `cli.no-node` for a node that the cluster does not have
 */
export async function findingsCommand(
  cluster: Pick<ArmCluster, "readHostRouting">,
  { node, output }: FindingsOptions,
  say: (line: string) => void,
): Promise<number> {
  const [found, nodes] = await Promise.all([
    readList<Schemas["RuleFinding"]>(cluster, "/findings"),
    readList<Schemas["HostRoutingNode"]>(cluster, "/nodes"),
  ]);
  if (node !== undefined && !nodes.some(({ name }) => name === node))
    throw new AppError("cli.no-node", { say: `The worker has seen no node ${node}`, do: '"hostrouting status" names the nodes.' });
  const wanted = node === undefined ? found : found.filter((finding) => finding.nodes.some(({ name }) => name === node));
  const concerned = node === undefined ? nodes : nodes.filter(({ name }) => name === node);
  const lines = output === "json" ? [JSON.stringify(wanted, null, 2)] : [...findingLines(wanted), ...unscannedLines(concerned)];
  for (const line of lines) say(line);
  return exitCodes.ok;
}
