import { authenticateClient, requireClient } from "./client-authentication.ts";
import type { AuthorizationCodes } from "./authorization-codes.ts";
import type { DeviceCodes } from "./device-codes.ts";
import { SHARED_TENANTS, tenantOf, userOf, type Client, type Directory, type Tenant, type User } from "./directory.ts";
import { LIFETIME_S, accessToken, clientInfo, idToken, type Issuer, type Proof, type Subject } from "./issued-tokens.ts";
import { firstGrant, readRefreshToken, rotate, writeRefreshToken, type RefreshGrant, type SignIn } from "./refresh-tokens.ts";
import { Refusal, type Answer } from "./refusal.ts";
import { readScopes, readSignInScopes, type Scopes } from "./scopes.ts";
import type { ShortLived } from "./short-lived.ts";

/** All that the authority knows and remembers. */
export type Authority = Issuer & {
  readonly directory: Directory;
  readonly deviceCodes: DeviceCodes;
  readonly authorizationCodes: AuthorizationCodes;
  readonly signIns: ShortLived<SignIn>;
  /** Which client assertion a `jti` names. */
  readonly assertions: ShortLived<string>;
  /** A person as whom every sign-in is answered at once, without a page: for tests. */
  readonly approvedUser: string | undefined;
};

/** A form, the tenant that its address names, and the time in milliseconds since 1970. */
export type TokenRequest = { readonly tenant: string; readonly form: URLSearchParams; readonly nowMs: number };

/** A request whose application has shown who it is. */
type Proven = TokenRequest & { readonly client: Client; readonly proof: Proof };

/** The tenant in which an application is looked for: the one named, or the installation's own where none is. @throws Refusal `unknownTenant` */
export function tenantOfRequest(directory: Directory, name: string): Tenant {
  if (SHARED_TENANTS.has(name)) return directory[0];
  const tenant = tenantOf(directory, name);
  if (tenant === undefined) throw new Refusal("unknownTenant", name.slice(0, 64));
  return tenant;
}

/** A person, in the tenant that a request names. Nobody is a guest in another one. @throws Refusal `badGrant`, `foreignUser` */
export function requireUser(directory: Directory, userName: string, tenantName: string): { readonly tenant: Tenant; readonly user: User } {
  const found = userOf(directory, userName);
  if (found === undefined) throw new Refusal("badGrant");
  if (!SHARED_TENANTS.has(tenantName) && found.tenant.tenantId !== tenantName) throw new Refusal("foreignUser", userName, tenantName);
  return found;
}

async function bearer(authority: Authority, subject: Subject, asked: { scopes: Scopes; nowMs: number }): Promise<Answer> {
  const token = await accessToken(authority, subject, { audience: asked.scopes.audience, nowMs: asked.nowMs });
  return { status: 200, body: { token_type: "Bearer", expires_in: LIFETIME_S, ext_expires_in: LIFETIME_S, access_token: token } };
}

/** What a person's application gets: beside the token one to renew it, and who signed in. */
async function signedIn(
  authority: Authority,
  asked: Proven & { readonly grant: RefreshGrant; readonly scopes: Scopes; readonly nonce?: string | undefined },
): Promise<Answer> {
  const { client, proof, grant, scopes, nowMs } = asked;
  const { tenant, user } = requireUser(authority.directory, grant.userName, asked.tenant);
  const subject = { tenant, client, proof, user };
  const { body } = await bearer(authority, subject, { scopes, nowMs });
  return {
    status: 200,
    body: {
      ...body,
      scope: scopes.scope,
      refresh_token: await writeRefreshToken(authority.key, grant),
      ...(grant.isFamily && { foci: "1" }),
      id_token: await idToken(authority, subject, { nonce: asked.nonce, nowMs }),
      client_info: clientInfo(subject),
    },
  };
}

function newSignIn(client: Client, userName: string, nowMs: number): RefreshGrant {
  return firstGrant({ clientId: client.clientId, isFamily: client.isFamily === true, userName }, nowMs);
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === "") throw new Refusal("malformed", name);
  return value;
}

/** RFC 6749 §4.4. */
async function forClient(authority: Authority, request: Proven): Promise<Answer> {
  const { client, proof, form, nowMs } = request;
  if (SHARED_TENANTS.has(request.tenant)) throw new Refusal("noTenant");
  if (proof === "0") throw new Refusal("noUser");
  if (!/\/\.default(\s|$)/.test(form.get("scope") ?? "")) throw new Refusal("appScope");
  const scopes = readScopes(form.get("scope"));
  return bearer(authority, { tenant: tenantOfRequest(authority.directory, request.tenant), client, proof }, { scopes, nowMs });
}

/** RFC 8628 §3.4. */
async function forDeviceCode(authority: Authority, request: Proven): Promise<Answer> {
  const { client, form, nowMs } = request;
  const code = required(form, "device_code");
  const approved = authority.deviceCodes.redeem(code, client.clientId, nowMs);
  const scopes = readSignInScopes(approved.request.scope, client.clientId);
  return signedIn(authority, { ...request, scopes, grant: newSignIn(client, approved.userName, nowMs) });
}

/** RFC 6749 §4.1.3. */
async function forAuthorizationCode(authority: Authority, request: Proven): Promise<Answer> {
  const { client, form, nowMs } = request;
  const by = { clientId: client.clientId, redirectUri: required(form, "redirect_uri"), verifier: required(form, "code_verifier") };
  const grant = authority.authorizationCodes.redeem(required(form, "code"), by, nowMs);
  const scopes = readSignInScopes(grant.scope, client.clientId);
  return signedIn(authority, { ...request, scopes, nonce: grant.nonce, grant: newSignIn(client, grant.userName, nowMs) });
}

/** RFC 6749 §6. */
async function forRefreshToken(authority: Authority, request: Proven): Promise<Answer> {
  const { client, form, nowMs } = request;
  const grant = await readRefreshToken(authority.key, required(form, "refresh_token"), nowMs);
  const isOurs = grant.clientId === client.clientId || (grant.isFamily && client.isFamily === true);
  if (!isOurs) throw new Refusal("foreignGrant");
  const scopes = readSignInScopes(form.get("scope"), client.clientId);
  // Looked at before the token is replaced: what is refused costs nothing.
  requireUser(authority.directory, grant.userName, request.tenant);
  return signedIn(authority, { ...request, scopes, grant: rotate(authority.signIns, grant, nowMs) });
}

const GRANTS: ReadonlyMap<string, (authority: Authority, request: Proven) => Promise<Answer>> = new Map([
  ["client_credentials", forClient],
  ["urn:ietf:params:oauth:grant-type:device_code", forDeviceCode],
  ["device_code", forDeviceCode],
  ["authorization_code", forAuthorizationCode],
  ["refresh_token", forRefreshToken],
]);

/** Answers a request for a token. @throws Refusal */
export async function answerToken(authority: Authority, request: TokenRequest): Promise<Answer> {
  const { form, nowMs } = request;
  const grantType = required(form, "grant_type");
  const grant = GRANTS.get(grantType);
  if (grant === undefined) throw new Refusal("unknownGrant", grantType.slice(0, 64));
  const tenant = tenantOfRequest(authority.directory, request.tenant);
  const client = requireClient(tenant, form.get("client_id"));
  const base = `${authority.publicUrl}/${request.tenant}`;
  const audiences = [`${base}/oauth2/v2.0/token`, `${base}/v2.0`];
  const proof = await authenticateClient(client, form, { audiences, nowMs, seen: authority.assertions });
  return grant(authority, { ...request, client, proof });
}

/** Answers a request for a device code (RFC 8628 §3.2). @throws Refusal */
export function answerDeviceCode(authority: Authority, { tenant: tenantName, form, nowMs }: TokenRequest): Answer {
  const client = requireClient(tenantOfRequest(authority.directory, tenantName), form.get("client_id"));
  const scope = required(form, "scope");
  readSignInScopes(scope, client.clientId);
  const issued = authority.deviceCodes.issue({ clientId: client.clientId, scope, tenant: tenantName }, nowMs);
  if (authority.approvedUser !== undefined) authority.deviceCodes.answer(issued.userCode, authority.approvedUser, nowMs);
  const verificationUri = `${authority.publicUrl}/common/oauth2/deviceauth`;
  return {
    status: 200,
    body: {
      user_code: issued.userCode,
      device_code: issued.deviceCode,
      verification_uri: verificationUri,
      expires_in: issued.expiresInS,
      interval: issued.intervalS,
      message: `To sign in, use a web browser to open the page ${verificationUri} and enter the code ${issued.userCode} to authenticate.`,
    },
  };
}
