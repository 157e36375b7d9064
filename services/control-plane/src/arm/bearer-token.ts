import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import { systemClock, type Clock } from "@hostrouting/runtime";
import { ArmError } from "./arm-error.ts";
import { toPrincipal, type Principal } from "./principal.ts";
import { verifiedTokens, type Verified } from "./verified-tokens.ts";

/** Signatures that we accept: what Entra uses. No symmetric ones, or the public key would be the secret. */
const ALGORITHMS = ["RS256"];
/** Clocks of issuer and control plane may differ by this much. */
const CLOCK_TOLERANCE_S = 30;
/** An issuer that rotated its keys is asked again at most this often. */
const KEYS_COOLDOWN_MS = 2_000;
/** Keys are read anew when they are this old: so long counts one that its issuer has withdrawn. Entra asks for once a day. */
const KEYS_RENEWED_MS = 60_000;
/** While the issuer does not answer its keys are good for this long. */
const KEYS_KEPT_MS = 600_000;
const KEYS_TIMEOUT_MS = 3_000;
const UNAVAILABLE_RETRY_SECONDS = 2;

/** Where an issuer's tenant stands when tokens of every tenant are taken, as in Entra's own metadata. */
const TENANT_PLACE = "{tenantid}";

/** What tokens are measured by. An issuer with `{tenantid}` in it stands for that issuer in every tenant: the token's own. */
export type TokenRules = { readonly issuer: string; readonly audiences: readonly string[]; readonly publicUrl: string };

/** The issuer's keys, fetched when first needed, again when a key is unknown, and when they are a minute old. */
export function issuerKeys(jwksUrl: string, clock: Clock = systemClock): JWTVerifyGetKey {
  const limits = { cooldownDuration: KEYS_COOLDOWN_MS, timeoutDuration: KEYS_TIMEOUT_MS, cacheMaxAge: KEYS_KEPT_MS };
  const keys = createRemoteJWKSet(new URL(jwksUrl), limits);
  let askedAtMs = clock.now();
  return async (header, token) => {
    const nowMs = clock.now();
    const isOld = nowMs - askedAtMs >= KEYS_RENEWED_MS || nowMs < askedAtMs;
    if (isOld || !keys.fresh) askedAtMs = nowMs;
    // Whoever comes meanwhile does not wait; whether the keys at hand may still be used is judged below.
    if (isOld && keys.fresh) await keys.reload().catch(() => undefined);
    return keys(header, token);
  };
}

type Challenge = { readonly code: string; readonly message: string; readonly cause?: unknown };

function challenge(rules: Pick<TokenRules, "publicUrl">, { code, message, cause }: Challenge): ArmError {
  const error = code === "AuthenticationFailed" ? "" : `, error="invalid_token", error_description="${message}"`;
  const header = `Bearer authorization_uri="${rules.publicUrl}/common/oauth2/authorize"${error}`;
  return new ArmError(401, { code, message }, { headers: { "WWW-Authenticate": header }, cause });
}

/** Reads `Authorization: Bearer …`. @throws ArmError 401 `AuthenticationFailed`. */
export function bearerOf(header: string | undefined, rules: Pick<TokenRules, "publicUrl">): string {
  const token = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  if (token !== undefined) return token;
  const message = "Authentication failed. The 'Authorization' header is missing or is not of the form 'Bearer <token>'.";
  throw challenge(rules, { code: "AuthenticationFailed", message });
}

/** Whether the fault is the token's; everything else is the issuer's, or on the way to it. */
function isTokenFault(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.code !== "ERR_JOSE_GENERIC";
}

function wrongIssuer(rules: TokenRules): Challenge {
  const message = `The access token is from the wrong issuer. It must be from '${rules.issuer}'.`;
  return { code: "InvalidAuthenticationTokenTenant", message };
}

function toChallenge(rules: TokenRules, error: unknown): Challenge {
  if (error instanceof errors.JWTExpired)
    return { code: "ExpiredAuthenticationToken", message: "The access token has expired. Get a new one." };
  const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : undefined;
  if (claim === "aud")
    return {
      code: "InvalidAuthenticationTokenAudience",
      message: `The access token is for another audience. Ask for one for '${rules.publicUrl}'.`,
    };
  if (claim === "iss") return wrongIssuer(rules);
  return { code: "InvalidAuthenticationToken", message: "The access token is invalid." };
}

function toRefusal(rules: TokenRules, error: unknown): ArmError {
  if (isTokenFault(error)) return challenge(rules, { ...toChallenge(rules, error), cause: error });
  const message = "The keys of the token's issuer cannot be read now, so nobody can be let in. Repeat the request later.";
  return new ArmError(503, { code: "ServiceUnavailable", message }, { retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS, cause: error });
}

function freshVerifier(rules: TokenRules, keys: JWTVerifyGetKey): (token: string) => Promise<Verified> {
  const isOfAnyTenant = rules.issuer.includes(TENANT_PLACE);
  const options = {
    algorithms: ALGORITHMS,
    ...(!isOfAnyTenant && { issuer: rules.issuer }),
    audience: [...rules.audiences],
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ["exp", "aud", "iss"],
  };
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, options).catch((error: unknown) => {
      throw toRefusal(rules, error);
    });
    if (isOfAnyTenant && payload.iss !== rules.issuer.replace(TENANT_PLACE, String(payload["tid"])))
      throw challenge(rules, wrongIssuer(rules));
    const principal = toPrincipal(payload);
    if (principal !== undefined) return { principal, expiresAtMs: Number(payload.exp) * 1000 };
    const message = "The access token names no tenant or no object (claims 'tid' and 'oid').";
    throw challenge(rules, { code: "InvalidAuthenticationToken", message });
  };
}

/** Checks tokens: signature, algorithm, issuer, audience, times, and that they name tenant and object. What was found good is not checked again for a minute. */
export function tokenVerifier(rules: TokenRules, keys: JWTVerifyGetKey, clock: Clock = systemClock): (token: string) => Promise<Principal> {
  const verify = freshVerifier(rules, keys);
  const known = verifiedTokens();
  return async (token) => {
    const principal = known.get(token, clock.now());
    if (principal !== undefined) return principal;
    const verified = await verify(token);
    known.put(token, verified, clock.now());
    return verified.principal;
  };
}
