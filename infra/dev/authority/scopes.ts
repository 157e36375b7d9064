import { Refusal } from "./refusal.ts";

/** Scopes that name no resource (OpenID Connect). */
const OPENID = new Set(["openid", "profile", "email", "offline_access"]);

/** What was asked for: the resource that a token is for, and the scopes that the answer names. */
export type Scopes = { readonly audience: string; readonly scope: string };

/** The resource of a scope: what stands before its last slash. Resources may end in a slash themselves, so that there are two. */
function resourceOf(scope: string): string | undefined {
  const at = scope.lastIndexOf("/");
  return at > 0 && URL.canParse(scope.slice(0, at)) ? scope.slice(0, at) : undefined;
}

/**
 * Reads `scope` (RFC 6749 §3.3): one resource for an access token. MSAL looks its tokens up by the scopes that the answer names, so that all that were asked for are in it.
 * @throws Refusal `badScope`
 */
export function readScopes(text: string | null): Scopes {
  const asked = (text ?? "").split(" ").filter((one) => one !== "");
  const resources = asked.filter((one) => !OPENID.has(one));
  const audiences = new Set(resources.map(resourceOf));
  const [audience] = audiences;
  if (audiences.size !== 1 || audience === undefined) throw new Refusal("badScope");
  return { audience, scope: [...new Set([...resources, `${audience}/user_impersonation`])].join(" ") };
}

/** As `readScopes`, for a sign-in that asks for nothing but who it is: then the token is for the application's own use. */
export function readSignInScopes(text: string | null, clientId: string): Scopes {
  const asked = (text ?? "").split(" ").filter((one) => one !== "");
  if (asked.length > 0 && asked.every((one) => OPENID.has(one))) return { audience: clientId, scope: asked.join(" ") };
  return readScopes(text);
}
