import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Clock, Logger } from "@hostrouting/runtime";
import { SHARED_TENANTS } from "./directory.ts";
import { openIdConfiguration } from "./openid-configuration.ts";
import { Refusal, toAnswer, type Answer } from "./refusal.ts";
import { POST_ON, messagePage } from "./sign-in-pages.ts";
import { answerAuthorize, answerDevicePage, type SignInReply } from "./sign-in.ts";
import { answerDeviceCode, answerToken, tenantOfRequest, type Authority, type TokenRequest } from "./token-answer.ts";

/** A token request is a few hundred bytes, one with an assertion a few thousand. */
const FORM_BYTES_MAX = 32 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

/** The authority, with what it is served by. */
export type ServedAuthority = Authority & { readonly clock: Clock; readonly logger: Logger };

type Reply = Answer | SignInReply;
type Asked = TokenRequest & { readonly isAnswer: boolean };

const NOT_FOUND: Answer = { status: 404, body: { error: "not_found", error_description: "Nothing answers to this address." } };

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const isForm = /^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers["content-type"] ?? "");
  if (!isForm) throw new Refusal("tooLarge");
  let form = "";
  for await (const chunk of request.setEncoding("utf8")) {
    form += chunk as string;
    if (form.length > FORM_BYTES_MAX) throw new Refusal("tooLarge");
  }
  return new URLSearchParams(form);
}

/** A page's form is answered from that page only: else any site could let a browser allow a code. Programs send neither header. */
function isFromElsewhere(authority: Authority, request: IncomingMessage): boolean {
  const { origin, "sec-fetch-site": site } = request.headers;
  const isOtherOrigin = origin !== undefined && origin !== authority.publicUrl;
  return isOtherOrigin || (site !== undefined && site !== "same-origin" && site !== "none");
}

/** What is answered, by method and address below the tenant. */
const ROUTES: ReadonlyMap<string, (authority: Authority, asked: Asked) => Reply | Promise<Reply>> = new Map<
  string,
  (authority: Authority, asked: Asked) => Reply | Promise<Reply>
>([
  ["GET /discovery/instance", (authority) => instanceDiscovery(authority)],
  [
    "GET /v2.0/.well-known/openid-configuration",
    (authority, { tenant }) => ({ status: 200, body: openIdConfiguration(authority.publicUrl, tenant) }),
  ],
  ["GET /discovery/v2.0/keys", ({ key }) => ({ status: 200, body: { keys: [key.publicJwk] } })],
  ["POST /oauth2/v2.0/token", answerToken],
  ["POST /oauth2/v2.0/devicecode", answerDeviceCode],
  ["GET /oauth2/v2.0/authorize", answerAuthorize],
  ["POST /oauth2/v2.0/authorize", answerAuthorize],
  ["GET /oauth2/deviceauth", answerDevicePage],
  ["POST /oauth2/deviceauth", answerDevicePage],
  ["GET /oauth2/v2.0/logout", () => messagePage("Signed out", "Nobody is remembered here: close the program to end its sign-in.")],
]);

/** Pages whose answers must come from themselves. */
const PAGES: ReadonlySet<string> = new Set(["POST /oauth2/v2.0/authorize", "POST /oauth2/deviceauth"]);

function instanceDiscovery({ publicUrl, directory }: Authority): Answer {
  const endpoint = `${publicUrl}/${directory[0].tenantId}/v2.0/.well-known/openid-configuration`;
  return { status: 200, body: { tenant_discovery_endpoint: endpoint, "api-version": "1.1", metadata: [] } };
}

async function answer(authority: ServedAuthority, request: IncomingMessage): Promise<Reply> {
  const url = new URL(`http://authority${(request.url ?? "").replace(/\/{2,}/g, "/")}`);
  const [, tenant = "", ...rest] = url.pathname.toLowerCase().split("/");
  const what = `${request.method} /${rest.join("/")}`;
  const route = ROUTES.get(what);
  if (route === undefined) return NOT_FOUND;
  if (!SHARED_TENANTS.has(tenant)) tenantOfRequest(authority.directory, tenant);
  if (PAGES.has(what) && isFromElsewhere(authority, request))
    return messagePage("Refused", "This form was sent by another site. Open the page itself and answer there.", 403);
  const isAnswer = request.method === "POST";
  const form = isAnswer ? await readForm(request) : url.searchParams;
  const reply = await route(authority, { tenant, form, nowMs: authority.clock.now(), isAnswer });
  if (what.startsWith("POST")) authority.logger.info({ ...said(form), path: `/${rest.join("/")}`, status: reply.status }, "answered");
  return reply;
}

/** What may stand in the log of a form: nothing that anybody could use. */
function said(form: URLSearchParams): Readonly<Record<string, string | null>> {
  const cut = (name: string): string | null => form.get(name)?.slice(0, 64) ?? null;
  return { grant: cut("grant_type"), clientId: cut("client_id") };
}

function refused(authority: ServedAuthority, error: unknown): Reply {
  if (!(error instanceof Refusal)) {
    authority.logger.error({ err: error }, "request failed");
    return { status: 500, body: { error: "server_error", error_description: "The authority has met a fault of its own." } };
  }
  authority.logger.info({ refusal: error.kind }, "refused");
  return toAnswer(error, authority.clock.now());
}

const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash("sha256").update(POST_ON).digest("base64")}'`,
  // Browsers hold a redirect after a form to this as well: to wherever a program of this machine listens.
  "form-action 'self' http://localhost:* http://127.0.0.1:* http://[::1]:* https://localhost:* https://127.0.0.1:*",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

function headersOf(reply: Reply): Readonly<Record<string, string>> {
  const all = { "cache-control": "no-store", "referrer-policy": "same-origin" };
  if ("location" in reply) return { ...all, location: reply.location };
  if ("html" in reply) return { ...all, "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY };
  return { ...all, "content-type": "application/json; charset=utf-8" };
}

/** The authority's server: configuration, keys, tokens, codes, and the pages where people sign in. */
export function createAuthorityServer(authority: ServedAuthority): Server {
  const server = createServer((request, response) => {
    answer(authority, request)
      .catch((error: unknown) => refused(authority, error))
      .then((reply) => {
        const text = "location" in reply ? "" : "html" in reply ? reply.html : JSON.stringify(reply.body);
        response.writeHead(reply.status, { ...headersOf(reply), "content-length": Buffer.byteLength(text) });
        response.end(text);
      })
      .catch(() => response.destroy());
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return server;
}
