// The lab: a real Kubernetes cluster on one machine, each node a set of namespaces. As a program it is `npm run lab`; as a module it is
// what the rest of the project uses of the lab. Everything that it starts carries the lab's id, six hex digits that follow from the state
// folder, and can be found and ended by the cgroup of that name.
import process from "node:process";
import { advise } from "@hostrouting/domain";
import { goOnUnheard } from "@hostrouting/runtime";
import { runLabCommand } from "./lab-command.ts";

export { connectApi, type ApiAnswer, type ApiCall, type ApiClient } from "./api-client.ts";
export { addNode, removeNode } from "./change-nodes.ts";
export { defaultStateDir } from "./lab-command.ts";
export type { LabNode, LabRecord } from "./lab-record.ts";
export { labStatus, type LabStatus } from "./lab-status.ts";
export { startLab, type LabOptions } from "./start-lab.ts";
export { stopLab } from "./stop-lab.ts";

if (import.meta.main) {
  goOnUnheard();
  try {
    process.exitCode = await runLabCommand(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`lab: ${advise(error)}\n`);
    process.exitCode = 1;
  }
}
