import { randomUUID } from "node:crypto";
import { as, type ClusterId, type ManagedCluster, type Operation, type OperationId } from "@hostrouting/domain";
import type { Store } from "@hostrouting/store";
import { labManagedCluster } from "../../dev/lab-cluster.ts";

const SUBSCRIPTION = "11111111-1111-1111-1111-111111111111";

/** What a request wishes for: a cluster with a system node and so many of pool `user`; none when it is to go. */
export type Wish = { readonly name: string; readonly users: number; readonly generation: number; readonly present?: boolean };

function clusterOf({ name, users }: Wish): ManagedCluster {
  return labManagedCluster({
    subscriptionId: SUBSCRIPTION,
    resourceGroup: "G",
    name,
    location: "local",
    kubernetesVersion: "1.36.3",
    podCidrs: ["10.244.0.0/16"],
    serviceCidrs: ["10.0.0.0/16"],
    dnsServiceIp: "10.0.0.10",
    userPools: [{ name: "user", count: users }],
    accessReference: "",
    createdBy: "o",
    now: "2026-01-01T00:00:00.000Z",
    etag: "e1",
  });
}

/** The id of a cluster of a test. */
export function idOf(name: string): ClusterId {
  return clusterOf({ name, users: 0, generation: 1 }).id;
}

/** Writes what the control plane writes for a request that only the provider has to do with. */
export async function wish(store: Store, wanted: Wish): Promise<OperationId> {
  const { generation, present = true } = wanted;
  const made = clusterOf(wanted);
  const id = as<OperationId>(randomUUID());
  const kind = !present ? "DeleteManagedCluster" : generation === 1 ? "CreateManagedCluster" : "UpdateAgentPools";
  await store.clusters.change(made.id, (locked) => ({
    result: undefined,
    change: {
      cluster: {
        ...(locked?.cluster ?? made),
        properties: made.properties,
        generation,
        activeOperationId: id,
        provisioningState: present ? (locked === undefined ? "Creating" : "Updating") : "Deleting",
      },
      ...(locked === undefined && { isNew: true }),
      ...(locked?.active && { supersede: { operationId: locked.active.id, error: { code: "Superseded", message: "" } } }),
      provision: { provider: "lab", present, generation },
      begin: { id, kind, mode: "None", generation, tenantId: "t", objectId: "o", control: { provision: "Alone" } },
      history: [],
    },
  }));
  return id;
}

/** Waits for an operation to end. */
export async function settled(store: Store, id: OperationId): Promise<Operation> {
  for (let looks = 0; looks < 400; looks++) {
    const operation = (await store.operations.find(id))?.operation;
    if (operation !== undefined && ["Succeeded", "Failed", "Canceled"].includes(operation.phase)) return operation;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("the operation did not end");
}
