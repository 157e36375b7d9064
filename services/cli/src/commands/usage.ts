import type { ArmCluster } from "@hostrouting/azure";
import type { ArmComponents } from "@hostrouting/contracts";
import { exitCodes } from "../exit-code.ts";
import { readList } from "../read-list.ts";
import { usageLines } from "../view/usage-view.ts";

type Usage = ArmComponents["schemas"]["HostRoutingUsage"];

/** What `usage` was asked: UTC days, `YYYY-MM-DD`, both included. */
export type UsageOptions = { readonly from?: string | undefined; readonly to?: string | undefined; readonly output: "table" | "json" };

/** `usage`: node-hours by day and pool, page after page. */
export async function usageCommand(
  cluster: Pick<ArmCluster, "readHostRouting">,
  { from, to, output }: UsageOptions,
  say: (line: string) => void,
): Promise<number> {
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  const found = await readList<Usage>(cluster, "/usage", range);
  for (const line of output === "json" ? [JSON.stringify(found, null, 2)] : usageLines(found)) say(line);
  return exitCodes.ok;
}
