import { randomUUID } from "node:crypto";

/** An HTTP answer: status and JSON body. */
export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** Every refusal: OAuth's word for it (RFC 6749 §5.2, RFC 8628 §3.5), HTTP status, Entra's number (AADSTS…) and what it says. */
const REFUSALS = {
  malformed: ["invalid_request", 400, 900144, "The request body must contain the parameter '{0}'."],
  tooLarge: ["invalid_request", 413, 90014, "The form is too large, or is no form."],
  unknownTenant: ["invalid_tenant", 400, 90002, "Tenant '{0}' not found. Check to make sure you have the correct tenant ID."],
  noTenant: [
    "invalid_request",
    400,
    50059,
    "No tenant-identifying information found in either the request or implied by any provided credentials.",
  ],
  unknownGrant: ["unsupported_grant_type", 400, 70003, "The app requested an unsupported grant type '{0}'."],
  unknownClient: ["unauthorized_client", 400, 700016, "Application with identifier '{0}' was not found in the directory."],
  wrongSecret: [
    "invalid_client",
    401,
    7000215,
    "Invalid client secret provided. Ensure the secret being sent is the client secret value, not its ID.",
  ],
  noCredential: [
    "invalid_client",
    401,
    7000218,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ],
  publicClient: ["invalid_client", 401, 700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."],
  noUser: ["unauthorized_client", 400, 7000217, "A public client cannot ask for a token of its own: somebody must sign in."],
  assertionMalformed: ["invalid_client", 401, 50027, "The assertion is not a valid JWT: {0}"],
  assertionUnsigned: [
    "invalid_client",
    401,
    700027,
    "The signature of the client assertion cannot be verified with any key of the application.",
  ],
  assertionAudience: ["invalid_client", 401, 700023, "Client assertion audience claim does not match the realm issuer: it must be '{0}'."],
  assertionIssuer: ["invalid_client", 401, 700021, "Client assertion application identifier doesn't match 'client_id' parameter."],
  assertionTime: [
    "invalid_client",
    401,
    700024,
    "Client assertion is not within its valid time range, or is valid for longer than an hour.",
  ],
  assertionReplayed: [
    "invalid_client",
    401,
    700030,
    "The claim 'jti' of the client assertion is missing, or was used by another assertion.",
  ],
  noFederation: [
    "invalid_client",
    401,
    700213,
    "No matching federated identity record found for presented assertion issuer, subject and audience.",
  ],
  badScope: [
    "invalid_scope",
    400,
    70011,
    "The provided value for the input parameter 'scope' is not valid: one resource, like '<resource>/.default', must be named.",
  ],
  appScope: [
    "invalid_scope",
    400,
    1002012,
    "Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
  ],
  badGrant: ["invalid_grant", 400, 70000, "The provided authorization code, device code or refresh token is invalid."],
  usedCode: ["invalid_grant", 400, 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code."],
  expiredGrant: [
    "invalid_grant",
    400,
    70008,
    "The provided authorization code or refresh token has expired. Send a new interactive authorization request.",
  ],
  revokedGrant: [
    "invalid_grant",
    400,
    50173,
    "The provided grant has been revoked: a refresh token was used again after it had been replaced.",
  ],
  foreignGrant: ["invalid_grant", 400, 70002, "The provided grant was issued to another client."],
  badVerifier: [
    "invalid_grant",
    400,
    50148,
    "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.",
  ],
  badRedirect: [
    "invalid_request",
    400,
    50011,
    "The redirect URI specified in the request does not match the redirect URIs configured for the application, or is not an address of loopback.",
  ],
  foreignUser: [
    "invalid_grant",
    400,
    50020,
    "User account '{0}' does not exist in tenant '{1}' and cannot access the application in that tenant.",
  ],
  pending: ["authorization_pending", 400, 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."],
  tooFast: ["slow_down", 400, 70019, "OAuth 2.0 device flow error. Polling is too fast: wait for the interval that was given."],
  expiredCode: [
    "expired_token",
    400,
    70020,
    "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  ],
  declined: ["authorization_declined", 400, 70018, "The person declined to sign in with this code."],
  full: ["temporarily_unavailable", 503, 90033, "Too much is remembered already. Repeat the request when something of it has expired."],
} as const satisfies Readonly<Record<string, readonly [string, number, number, string]>>;

/** Which refusal. */
export type RefusalKind = keyof typeof REFUSALS;

/** A refusal on its way to the one place that answers with it. */
export class Refusal extends Error {
  readonly kind: RefusalKind;
  /** @param values what its text speaks of; names only, never a credential. */
  constructor(kind: RefusalKind, ...values: readonly string[]) {
    super(values.reduce<string>((text, value, index) => text.replace(`{${index}}`, value), REFUSALS[kind][3]));
    this.kind = kind;
  }
}

/** OAuth's word for a refusal. */
export function oauthErrorOf(refusal: Refusal): string {
  return REFUSALS[refusal.kind][0];
}

/** The answer as Entra gives it: number, text and the ids of the request in one description. */
export function toAnswer(refusal: Refusal, nowMs: number): Answer {
  const [error, status, number] = REFUSALS[refusal.kind];
  const [traceId, correlationId] = [randomUUID(), randomUUID()];
  const timestamp = `${new Date(nowMs).toISOString().slice(0, 19).replace("T", " ")}Z`;
  const description = `AADSTS${number}: ${refusal.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  return {
    status,
    body: {
      error,
      error_description: description,
      error_codes: [number],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
    },
  };
}
