/** Runs inside a node's namespace: begins canary flows, says how many, and stays until it is killed. */
import { NodeCanary } from "../../services/node-agent/src/canary/node-canary.ts";

const canary = new NodeCanary();
await canary.begin({ step: "On", families: [4, 6], prepare: () => {} });
process.stdout.write(`${canary.observe()?.canaries.length ?? 0} flows\n`);
