/** Where people sign in: the authorization endpoint (RFC 6749 §4.1.1 with PKCE) and the page for device codes. */
import { requireClient } from "./client-authentication.ts";
import { sameSecret, userOf, type Client, type Directory } from "./directory.ts";
import { mayRedirect } from "./redirect-uri.ts";
import { Refusal, oauthErrorOf } from "./refusal.ts";
import { readSignInScopes } from "./scopes.ts";
import { devicePage, messagePage, postOnPage, signInPage, type Page } from "./sign-in-pages.ts";
import { requireUser, tenantOfRequest, type Authority, type TokenRequest } from "./token-answer.ts";

/** A page, or another address to go to. */
export type SignInReply = Page | { readonly status: 302; readonly location: string };

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const STATE_LENGTH_MAX = 4_096;
/** What an application asks with; these travel through the page. */
const FIELDS = [
  ...["client_id", "response_type", "redirect_uri", "scope", "state", "nonce"],
  ...["code_challenge", "code_challenge_method", "response_mode", "prompt", "client_info"],
];

/** The person who types this name and password. */
function whoIs(directory: Directory, form: URLSearchParams): string | undefined {
  const found = userOf(directory, form.get("username") ?? "");
  // Compared also where there is nobody, so that the time tells nothing of who exists.
  const isRight = sameSecret(form.get("password") ?? "", found?.user.password ?? "");
  return found !== undefined && isRight ? found.user.userName : undefined;
}

/** Sends the application what came of it, as it wished. */
function sendBack(form: URLSearchParams, outcome: Readonly<Record<string, string>>): SignInReply {
  const state = form.get("state");
  const fields = { ...outcome, ...(state !== null && { state }) };
  const redirectUri = form.get("redirect_uri") ?? "";
  if (form.get("response_mode") === "form_post") return postOnPage(redirectUri, fields);
  const parameters = new URLSearchParams(fields).toString();
  if (form.get("response_mode") === "fragment") return { status: 302, location: `${redirectUri}#${parameters}` };
  return { status: 302, location: `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${parameters}` };
}

/** What is wrong with a request whose application and address are right: the application is told (RFC 6749 §4.1.2.1). */
function whyNotCode(form: URLSearchParams, client: Client): Readonly<Record<string, string>> | undefined {
  const refuse = (error: string, description: string) => ({ error, error_description: description });
  if (form.get("response_type") !== "code") return refuse("unsupported_response_type", "AADSTS700054: response_type must be 'code'.");
  if (!["query", "fragment", "form_post", ""].includes(form.get("response_mode") ?? ""))
    return refuse("invalid_request", "AADSTS70007: response_mode must be 'query', 'fragment' or 'form_post'.");
  if (form.get("code_challenge_method") !== "S256" || !CHALLENGE.test(form.get("code_challenge") ?? ""))
    return refuse("invalid_request", "AADSTS9002325: Proof Key for Code Exchange is required, with the method S256.");
  try {
    readSignInScopes(form.get("scope"), client.clientId);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return refuse(oauthErrorOf(error), error.message);
    throw error;
  }
}

/**
 * The authorization endpoint. GET shows the page, POST is its answer; whom the authority's settings approve is sent back at once.
 * @throws Refusal for an unknown application or an address that is none of its own: nobody is sent there.
 */
export function answerAuthorize(authority: Authority, request: TokenRequest & { readonly isAnswer: boolean }): SignInReply {
  const { form, nowMs } = request;
  const client = requireClient(tenantOfRequest(authority.directory, request.tenant), form.get("client_id"));
  const redirectUri = form.get("redirect_uri") ?? "";
  if (!mayRedirect(client, redirectUri)) throw new Refusal("badRedirect");
  if ((form.get("state") ?? "").length > STATE_LENGTH_MAX) throw new Refusal("malformed", "state");
  const problem = whyNotCode(form, client);
  if (problem !== undefined) return sendBack(form, problem);
  const userName = authority.approvedUser ?? (request.isAnswer ? whoIs(authority.directory, form) : undefined);
  if (userName === undefined) {
    // Nobody is remembered between two sign-ins, so who wants no page gets no code.
    if (form.get("prompt") === "none")
      return sendBack(form, { error: "interaction_required", error_description: "AADSTS50058: Nobody is signed in." });
    const fields = Object.fromEntries(FIELDS.flatMap((name) => (form.has(name) ? [[name, form.get(name) ?? ""]] : [])));
    return signInPage(client.displayName, fields, request.isAnswer ? "User name or password is wrong." : undefined);
  }
  requireUser(authority.directory, userName, request.tenant);
  const grant = {
    clientId: client.clientId,
    redirectUri,
    challenge: form.get("code_challenge") ?? "",
    userName,
    scope: form.get("scope") ?? "",
    nonce: form.get("nonce") ?? undefined,
  };
  return sendBack(form, { code: authority.authorizationCodes.issue(grant, nowMs) });
}

/** The page on which a device's code is allowed or declined, by name and password. */
export function answerDevicePage(authority: Authority, request: TokenRequest & { readonly isAnswer: boolean }): SignInReply {
  const { form, nowMs } = request;
  const userCode = (form.get("user_code") ?? "").slice(0, 32);
  if (!request.isAnswer) return devicePage(userCode);
  const userName = whoIs(authority.directory, form);
  if (userName === undefined) return devicePage(userCode, "User name or password is wrong.");
  const waiting = authority.deviceCodes.waiting(userCode, nowMs);
  if (waiting === undefined) return devicePage("", "That code is wrong, was used before, or has expired.");
  requireUser(authority.directory, userName, waiting.tenant);
  const isAllowed = form.get("answer") !== "deny";
  authority.deviceCodes.answer(userCode, isAllowed ? userName : undefined, nowMs);
  const said = isAllowed ? "You have signed in. You may close this page." : "The program was told that you declined.";
  return messagePage(isAllowed ? "Signed in" : "Declined", said);
}
