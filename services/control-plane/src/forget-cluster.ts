/**
 * `node forget-cluster.ts RESOURCE_ID --host-routing-stays-as-it-is`: forgets a registered cluster whose deletion waits because it is out of reach, past the
 * surface. Nothing is done to its nodes. For operators who can reach the database (HOSTROUTING_DATABASE_URL).
 */
import { randomUUID } from "node:crypto";
import { advise, AppError, as, type ClusterId } from "@hostrouting/domain";
import { openStore, type AuditEntry } from "@hostrouting/store";
import { decideForget } from "./enablement/decide-forget.ts";

const FLAG = "--host-routing-stays-as-it-is";
const USAGE = `Usage: forget-cluster RESOURCE_ID ${FLAG}, with HOSTROUTING_DATABASE_URL`;

function entryOf(scope: string): AuditEntry {
  const [, , subscriptionId = ""] = scope.split("/");
  const requestId = randomUUID();
  return {
    ...{ subscriptionId, principal: undefined, action: "Microsoft.ContainerService/managedClusters/delete", scope, outcome: "Accepted" },
    ...{ requestId, correlationId: requestId, clientRequestId: undefined },
  };
}

async function forget([resourceId, flag]: readonly string[]): Promise<string> {
  const databaseUrl = process.env["HOSTROUTING_DATABASE_URL"];
  if (databaseUrl === undefined || resourceId === undefined || flag !== FLAG)
    throw new AppError("forget-cluster.usage", { say: USAGE, do: "See docs/clusters.md for what is left behind." });
  const id = as<ClusterId>(resourceId.toLowerCase());
  const store = await openStore(databaseUrl, () => undefined);
  try {
    const { status } = await store.clusters.status(id);
    const result = await store.clusters.change(id, (locked) => decideForget(locked, { id: resourceId, status }), entryOf(resourceId));
    if (result instanceof AppError) throw result;
    return `${resourceId} is forgotten. HOST ROUTING WAS NOT SWITCHED OFF: if its nodes still run, it is on there and nobody here looks after them.`;
  } finally {
    await store.close();
  }
}

try {
  process.stdout.write(`${await forget(process.argv.slice(2))}\n`);
} catch (error) {
  process.stderr.write(`forget-cluster: ${advise(error)}\n`);
  process.exitCode = 1;
}
