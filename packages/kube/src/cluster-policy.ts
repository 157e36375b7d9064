import type { ApiClient } from "./api-client.ts";
import { AppError } from "@hostrouting/domain";
import type { PolicyLookup, PolicyObject, PolicyWish } from "./cluster-access.ts";
import { MANIFEST_MANAGER } from "./names.ts";

const POLICIES = "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies";

/** Path of the policy of a name. */
export function policyPath(name: string): string {
  return `${POLICIES}/${name}`;
}

/** The collection that holds the policy of a name and no other: rights are for that one. */
export function policyCollection(name: string): { readonly path: string; readonly fieldSelector: string } {
  return { path: POLICIES, fieldSelector: `metadata.name=${name}` };
}

/** Asks for a list of one: it is refused where there is no such kind, and empty where there is no such object. `list` answers it where it is kept. */
export async function readPolicy(client: ApiClient, name: string, list?: () => Promise<readonly PolicyObject[]>): Promise<PolicyLookup> {
  const { path, fieldSelector } = policyCollection(name);
  try {
    const ask = async (): Promise<readonly PolicyObject[]> =>
      ((await client.call({ method: "GET", path, query: { fieldSelector } })) as { readonly items?: readonly PolicyObject[] }).items ?? [];
    const [object] = await (list ?? ask)();
    return object === undefined ? { kind: "Absent" } : { kind: "Present", object };
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.not-found") return { kind: "Unsupported" };
    throw error;
  }
}

/** Writes a policy and answers what is there now; see ClusterAccess. */
export async function applyPolicy(
  client: ApiClient,
  policy: PolicyWish,
  { force, replaceVersion }: { readonly force: boolean; readonly replaceVersion: string | undefined },
): Promise<unknown> {
  const path = policyPath(policy.metadata.name);
  // An older Cilium would drop `enableDefaultDeny`, and the policy would deny everything: better none than that one.
  const query = { fieldManager: MANIFEST_MANAGER, fieldValidation: "Strict" };
  if (replaceVersion !== undefined)
    await client.call({
      method: "PATCH",
      path,
      query,
      contentType: "application/json-patch+json",
      body: [
        { op: "replace", path: "/metadata/resourceVersion", value: replaceVersion },
        { op: "add", path: "/spec", value: policy.spec },
        // `remove` alone fails where there is nothing.
        { op: "add", path: "/specs", value: [] },
        { op: "remove", path: "/specs" },
      ],
    });
  return client.call({
    method: "PATCH",
    path,
    query: { ...query, force: force ? "true" : undefined },
    contentType: "application/apply-patch+yaml",
    body: policy,
  });
}
