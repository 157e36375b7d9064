import { SignJWT } from "jose";
import { objectIdOf, type Client, type Tenant, type User } from "./directory.ts";
import type { SigningKey } from "./signing-key.ts";

/** In whose name tokens are issued. */
export type Issuer = { readonly publicUrl: string; readonly key: SigningKey };

/** How an application proved who it is (`appidacr`): not at all, by a secret, by a signature. */
export type Proof = "0" | "1" | "2";

/** For whom tokens are: an application alone, or a person at an application. */
export type Subject = { readonly tenant: Tenant; readonly client: Client; readonly proof: Proof; readonly user?: User };

/** As Entra: an hour, less a second. */
export const LIFETIME_S = 3_599;

/** Issuer of a tenant's access tokens (Entra's version 1 form, with the slash). */
export function issuerOf(publicUrl: string, tenantId: string): string {
  return `${publicUrl}/${tenantId}/`;
}

/** The id of who is meant, in their tenant. */
export function subjectIdOf({ tenant, client, user }: Subject): string {
  return objectIdOf(tenant.tenantId, user?.userName.toLowerCase() ?? client.clientId);
}

function sign(issuer: Issuer, claims: Readonly<Record<string, unknown>>, nowMs: number): Promise<string> {
  const { privateKey, publicJwk } = issuer.key;
  const nowS = Math.floor(nowMs / 1000);
  return new SignJWT({ ...claims, iat: nowS, nbf: nowS, exp: nowS + LIFETIME_S })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: publicJwk.kid })
    .sign(privateKey);
}

/** An access token for a resource, with the claims of Entra's version 1. */
export function accessToken(
  issuer: Issuer,
  subject: Subject,
  asked: { readonly audience: string; readonly nowMs: number },
): Promise<string> {
  const { tenant, client, proof, user } = subject;
  const oid = subjectIdOf(subject);
  const person =
    user === undefined
      ? { idtyp: "app" }
      : { idtyp: "user", upn: user.userName, unique_name: user.userName, name: user.displayName, scp: "user_impersonation" };
  const claims = { oid, sub: oid, tid: tenant.tenantId, appid: client.clientId, appidacr: proof, ver: "1.0", ...person };
  return sign(issuer, { ...claims, iss: issuerOf(issuer.publicUrl, tenant.tenantId), aud: asked.audience }, asked.nowMs);
}

/** Tells an application who signed in (OpenID Connect Core §2). */
export function idToken(
  issuer: Issuer,
  subject: Subject & { readonly user: User },
  asked: { readonly nonce: string | undefined; readonly nowMs: number },
): Promise<string> {
  const { tenant, client, user } = subject;
  const oid = subjectIdOf(subject);
  const claims = {
    iss: `${issuer.publicUrl}/${tenant.tenantId}/v2.0`,
    aud: client.clientId,
    oid,
    sub: oid,
    tid: tenant.tenantId,
    preferred_username: user.userName,
    name: user.displayName,
    ver: "2.0",
    ...(asked.nonce !== undefined && { nonce: asked.nonce }),
  };
  return sign(issuer, claims, asked.nowMs);
}

/** Tells MSAL whose account it is, by ids alone. */
export function clientInfo(subject: Subject): string {
  return Buffer.from(JSON.stringify({ uid: subjectIdOf(subject), utid: subject.tenant.tenantId })).toString("base64url");
}
