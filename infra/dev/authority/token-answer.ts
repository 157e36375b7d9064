import { createHash, timingSafeEqual } from "node:crypto";
import { SignJWT } from "jose";
import type { SigningKey } from "./signing-key.ts";

/** Who may ask for tokens, and in whose name they are issued. */
export type Tenant = { readonly publicUrl: string; readonly tenantId: string; readonly clientId: string; readonly clientSecret: string };

/** An HTTP answer: status and JSON body. */
export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** As Entra: an hour, less a second. */
const LIFETIME_S = 3_599;

/** Entra's numbers for refusals, with what they mean. */
const REFUSALS = {
  unsupported_grant_type: [400, 70003, "Only the grant client_credentials is supported."],
  unauthorized_client: [400, 700016, "The application was not found in the directory."],
  invalid_client: [401, 7000215, "Invalid client secret provided."],
  invalid_scope: [400, 1002012, "The scope must be a resource followed by /.default."],
} as const;

function refuse(error: keyof typeof REFUSALS): Answer {
  const [status, number, description] = REFUSALS[error];
  return { status, body: { error, error_description: `AADSTS${number}: ${description}`, error_codes: [number] } };
}

function sameSecret(a: string, b: string): boolean {
  const digest = (secret: string): Buffer => createHash("sha256").update(secret).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Issuer of a tenant's tokens (Entra's version 1 form, with the slash). */
export function issuerOf(tenant: Pick<Tenant, "publicUrl" | "tenantId">): string {
  return `${tenant.publicUrl}/${tenant.tenantId}/`;
}

/** The id of the client's service principal: stable, and not the client's own id. */
function objectIdOf(tenant: Tenant): string {
  const hex = createHash("sha256").update(`${tenant.tenantId}/${tenant.clientId}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Answers a request for a token (RFC 6749 §4.4: client credentials with a secret, nothing else).
 * @param asked the decoded form body, and the time in milliseconds since 1970.
 */
export async function answerToken(tenant: Tenant, key: SigningKey, asked: { form: URLSearchParams; nowMs: number }): Promise<Answer> {
  const { form } = asked;
  if (form.get("grant_type") !== "client_credentials") return refuse("unsupported_grant_type");
  if (form.get("client_id")?.toLowerCase() !== tenant.clientId.toLowerCase()) return refuse("unauthorized_client");
  if (!sameSecret(form.get("client_secret") ?? "", tenant.clientSecret)) return refuse("invalid_client");
  const scope = (form.get("scope") ?? "").split(" ").find((one) => one.endsWith("/.default"));
  if (scope === undefined) return refuse("invalid_scope");
  const nowS = Math.floor(asked.nowMs / 1000);
  const objectId = objectIdOf(tenant);
  const claims = { tid: tenant.tenantId, oid: objectId, sub: objectId, appid: tenant.clientId, appidacr: "1", idtyp: "app", ver: "1.0" };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.publicJwk.kid })
    .setIssuer(issuerOf(tenant))
    .setAudience(scope.slice(0, -"/.default".length))
    .setIssuedAt(nowS)
    .setNotBefore(nowS)
    .setExpirationTime(nowS + LIFETIME_S)
    .sign(key.privateKey);
  return { status: 200, body: { token_type: "Bearer", expires_in: LIFETIME_S, ext_expires_in: LIFETIME_S, access_token: token } };
}
