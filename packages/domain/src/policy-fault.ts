/** A member of a rollout policy that cannot be set as asked; one within a list as `preflightOverrides[0].reason`. */
export type PolicyFault = { readonly member: string; readonly message: string };
