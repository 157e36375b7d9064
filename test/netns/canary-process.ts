/** Runs inside a node's namespace: begins canary flows, says how many, and stays until it is killed. */
import { NodeCanary } from "../../services/node-agent/src/canary/node-canary.ts";

/** Two protocols in two families. */
const FLOWS = 4;
/** A switch waits for its canaries for 300 ms; on a busy machine one may not be answered by then, and they are begun anew. */
const TRIES_MAX = 10;

const canary = new NodeCanary();
const count = (): number => canary.observe()?.canaries.length ?? 0;
for (let tries = 0; tries < TRIES_MAX && count() < FLOWS; tries++) {
  canary.end();
  await canary.begin({ step: "On", families: [4, 6], prepare: () => {} });
}
process.stdout.write(`${count()} flows\n`);
