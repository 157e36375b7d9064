import { AppError } from "@hostrouting/domain";
import type { ApiClient } from "./api-client.ts";
import { BUNDLE_NAMESPACE, ROLLOUT_LEASE_NAME, ROLLOUT_MANAGER } from "./names.ts";

/** Which worker may write to the cluster, as the cluster itself remembers it. `version`: the object's, over which the next one is written. */
export type RolloutLease = { readonly holder: string; readonly token: number; readonly version: string };

/** A worker that takes the cluster over; `over`: the version that it saw, nothing where there was no object. */
export type RolloutLeaseWish = { readonly holder: string; readonly token: number; readonly over: string | undefined };

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${BUNDLE_NAMESPACE}/leases`;

type LeaseObject = {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec?: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
};

function toLease(answer: unknown): RolloutLease {
  const { metadata, spec } = answer as LeaseObject;
  return { holder: spec?.holderIdentity ?? "", token: spec?.leaseTransitions ?? 0, version: metadata.resourceVersion ?? "" };
}

/** Reads the Lease; its transitions are the fencing token, since both count who took over. */
export async function readRolloutLease(client: ApiClient): Promise<RolloutLease | undefined> {
  try {
    return toLease(await client.call({ method: "GET", path: `${LEASES}/${ROLLOUT_LEASE_NAME}` }));
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.not-found") return undefined;
    throw error;
  }
}

/** Makes or replaces the Lease over the version that was seen. To write what stands there already checks the version and costs the cluster no write. */
export async function writeRolloutLease(client: ApiClient, { holder, token, over }: RolloutLeaseWish): Promise<RolloutLease> {
  const answer = await client.call({
    method: over === undefined ? "POST" : "PUT",
    path: over === undefined ? LEASES : `${LEASES}/${ROLLOUT_LEASE_NAME}`,
    query: { fieldManager: ROLLOUT_MANAGER },
    body: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: ROLLOUT_LEASE_NAME, namespace: BUNDLE_NAMESPACE, ...(over === undefined ? {} : { resourceVersion: over }) },
      spec: { holderIdentity: holder, leaseTransitions: token },
    },
  });
  return toLease(answer);
}
