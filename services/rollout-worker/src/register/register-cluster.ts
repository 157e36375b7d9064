import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { openAksCluster, readAksSettings } from "@hostrouting/azure";
import { AppError, type ClusterId } from "@hostrouting/domain";
import type { Store } from "@hostrouting/store";
import { adoptedCluster, type Registration } from "./adopted-cluster.ts";

function readFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AppError("register.unreadable", {
      say: `${file} cannot be read as JSON`,
      do: "Give the ARM resource, as `az rest` shows it.",
      cause,
    });
  }
}

/** The resource as Azure shows it now. */
async function readAzure(accessReference: string): Promise<unknown> {
  const settings = readAksSettings(accessReference);
  const answer = await openAksCluster(settings).readResource();
  if (answer.kind === "Said") return answer.value;
  throw new AppError("register.not-shown", {
    say: `Azure does not show ${settings.resourceId}: ${answer.message}`,
    do: "Check the settings, and that the identity may read the cluster.",
  });
}

/**
 * Makes a cluster that is there already known, with its subscription and resource group where these are not. One that is known stays as it is.
 * @throws AppError `register.refused`, `register.unreadable`, `register.not-shown`, `azure.settings-refused`
 */
export async function registerCluster(
  store: Pick<Store, "clusters" | "directory">,
  registration: Registration,
  now: Date,
): Promise<ClusterId> {
  const { accessReference, resourceFile, tenantId } = registration;
  const resource = resourceFile === undefined ? await readAzure(accessReference) : readFile(resourceFile);
  const cluster = adoptedCluster(resource, registration, { now: now.toISOString(), etag: randomUUID() });
  if (!("id" in cluster))
    throw new AppError("register.refused", { say: `The cluster cannot be registered: ${cluster.join("; ")}`, do: "Mend what is named." });
  const { id, subscriptionId, resourceGroup, location } = cluster;
  if ((await store.clusters.get(id)) !== undefined)
    throw new AppError("register.refused", {
      say: `${id} is registered already`,
      do: "Delete it first (which lets go of it), to register it anew.",
    });
  if ((await store.directory.subscription(subscriptionId)) === undefined)
    await store.directory.registerSubscription({ id: subscriptionId, tenantId, displayName: subscriptionId, state: "Registered" });
  await store.directory.registerResourceGroup({ subscriptionId, displayName: resourceGroup, location });
  await store.clusters.register(cluster, {});
  return id;
}
