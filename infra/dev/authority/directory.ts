/**
 * Who the development authority knows: tenants, and in each of them applications and people. Secrets and passwords are in here, so that
 * whatever holds a directory stays private (files 0600, nothing of it in logs).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { JWK } from "jose";

/** A foreign issuer whose tokens an application may show instead of a secret (Entra's federated identity credential). */
export type FederatedCredential = {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** Public keys of the issuer. They stand here, since an authority on loopback asks nobody. */
  readonly keys: readonly JWK[];
};

/** An application and its service principal. */
export type Client = {
  readonly clientId: string;
  readonly displayName: string;
  /** Absent: it has none. Without secret, keys and federated credentials an application is public. */
  readonly secret?: string;
  /** Public keys with which it signs assertions. */
  readonly keys?: readonly JWK[];
  readonly federated?: readonly FederatedCredential[];
  /** Where codes may be sent; ports of plain loopback addresses are not compared. Absent: to any address of loopback. */
  readonly redirectUris?: readonly string[];
  /** Shares refresh tokens with the family of Azure's own tools. */
  readonly isFamily?: boolean;
};

/** A person. */
export type User = { readonly userName: string; readonly displayName: string; readonly password: string };

/** A directory of its own. */
export type Tenant = {
  readonly tenantId: string;
  readonly clients: readonly Client[];
  readonly users: readonly User[];
};

/** All tenants; the first is the installation's own. */
export type Directory = readonly [Tenant, ...Tenant[]];

/** The application that Azure CLI is, in every tenant (a public client). */
export const AZURE_CLI: Client = { clientId: "04b07795-8ddb-461a-bbee-02f9e1bf7b46", displayName: "Azure CLI", isFamily: true };

/** The names under which a request leaves open whose tenant it is: that of whoever signs in. */
export const SHARED_TENANTS: ReadonlySet<string> = new Set(["common", "organizations"]);

/** The tenant of that id. */
export function tenantOf(directory: Directory, tenantId: string): Tenant | undefined {
  return directory.find((tenant) => tenant.tenantId.toLowerCase() === tenantId.toLowerCase());
}

/** The application of that id; Azure CLI is in every tenant. */
export function clientOf(tenant: Tenant, clientId: string): Client | undefined {
  return [...tenant.clients, AZURE_CLI].find((client) => client.clientId.toLowerCase() === clientId.toLowerCase());
}

/** The person of that name, and the tenant that has them. Names carry their domain and are looked for in every tenant. */
export function userOf(directory: Directory, userName: string): { readonly tenant: Tenant; readonly user: User } | undefined {
  for (const tenant of directory) {
    const user = tenant.users.find((one) => one.userName.toLowerCase() === userName.toLowerCase());
    if (user !== undefined) return { tenant, user };
  }
  return undefined;
}

/** Whether an application can prove who it is; if not it is public, and its people alone count. */
export function isConfidential(client: Client): boolean {
  return client.secret !== undefined || (client.keys ?? []).length > 0 || (client.federated ?? []).length > 0;
}

/** The id of a service principal or a person in its tenant (`oid`): stable, and not the application's own id. */
export function objectIdOf(tenantId: string, name: string): string {
  const hex = createHash("sha256").update(`${tenantId}/${name}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Compares secrets in a time that tells nothing of them. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (secret: string): Buffer => createHash("sha256").update(secret).digest();
  return timingSafeEqual(digest(a), digest(b));
}
