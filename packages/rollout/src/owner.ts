/** Who claims a node: the operation (or the upkeep of a generation) and the fencing token of the worker's lease. */
export type Owner = { readonly operationId: string; readonly token: number };

/** The value of the node annotation `hostrouting.acns.azure.com/rollout-owner`. */
export function formatOwner(owner: Owner): string {
  return `${owner.operationId}/${owner.token}`;
}

/** Reads the annotation; nothing when it is not of our making. */
export function parseOwner(text: string | undefined): Owner | undefined {
  const match = /^([A-Za-z0-9-]{1,64})\/(\d{1,15})$/.exec(text ?? "");
  return match === null ? undefined : { operationId: match[1] ?? "", token: Number(match[2]) };
}

/** Whether a node is claimed for our operation, by us or by an earlier holder of the lease whose work we carry on. */
export function isOurClaim(claim: Owner | undefined, ours: Owner): boolean {
  return claim !== undefined && claim.operationId === ours.operationId && claim.token <= ours.token;
}

/** Whether a claim was made under a later lease than ours: then we are the ones who must not act. */
export function isLaterClaim(claim: Owner | undefined, ours: Owner): boolean {
  return claim !== undefined && claim.token > ours.token;
}
