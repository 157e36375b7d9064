import type { ArmCluster } from "@hostrouting/azure";
import type { ArmComponents } from "@hostrouting/contracts";
import { exitCodes } from "../exit-code.ts";
import { readList } from "../read-list.ts";
import { pastOperationLines } from "../view/past-operation-view.ts";

/** `operations`: what was asked of the cluster and what became of it, the newest first. */
export async function operationsCommand(
  cluster: Pick<ArmCluster, "readHostRouting">,
  { output }: { readonly output: "table" | "json" },
  say: (line: string) => void,
): Promise<number> {
  const found = await readList<ArmComponents["schemas"]["HostRoutingPastOperation"]>(cluster, "/operations");
  for (const line of output === "json" ? [JSON.stringify(found, null, 2)] : pastOperationLines(found)) say(line);
  return exitCodes.ok;
}
