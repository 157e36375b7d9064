import { SHARED_TENANTS } from "./directory.ts";

/**
 * OpenID Connect Discovery §3, with the members that Entra's own has and MSAL reads. A shared name has a place holder for the tenant in its issuer, as Entra's has.
 * @param tenant as the address names it: a tenant's id, `common` or `organizations`.
 */
export function openIdConfiguration(publicUrl: string, tenant: string): Readonly<Record<string, unknown>> {
  const base = `${publicUrl}/${tenant}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: `${publicUrl}/${SHARED_TENANTS.has(tenant) ? "{tenantid}" : tenant}/v2.0`,
    request_uri_parameter_supported: false,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    http_logout_supported: false,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    code_challenge_methods_supported: ["S256"],
    claims_supported: ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "oid", "ver"],
    tenant_region_scope: null,
    cloud_instance_name: new URL(publicUrl).host,
  };
}
