import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { SigningKey } from "./signing-key.ts";
import { answerToken, issuerOf, type Answer, type Tenant } from "./token-answer.ts";

/** A token request is a few hundred bytes. */
const FORM_BYTES_MAX = 16 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

const NOT_FOUND: Answer = { status: 404, body: { error: "not_found", error_description: "Nothing answers to this address." } };

function configuration(tenant: Tenant): Answer {
  const base = `${tenant.publicUrl}/${tenant.tenantId}`;
  return {
    status: 200,
    body: {
      issuer: issuerOf(tenant),
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_types_supported: ["token"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
  };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  let form = "";
  for await (const chunk of request.setEncoding("utf8")) {
    form += String(chunk);
    if (form.length > FORM_BYTES_MAX) return undefined;
  }
  return new URLSearchParams(form);
}

type Authority = { readonly tenant: Tenant; readonly key: SigningKey; readonly clock: Clock; readonly logger: Logger };

async function answer(authority: Authority, request: IncomingMessage): Promise<Answer> {
  const { tenant, key } = authority;
  const path =
    (request.url ?? "")
      .split("?", 1)[0]
      ?.replace(/\/{2,}/g, "/")
      .toLowerCase() ?? "";
  const [, who = "", ...rest] = path.split("/");
  const what = `${request.method} /${rest.join("/")}`;
  const isTenant = who === tenant.tenantId.toLowerCase();
  if (who === "common" && what === "GET /discovery/instance")
    return {
      status: 200,
      body: {
        tenant_discovery_endpoint: `${tenant.publicUrl}/${tenant.tenantId}/v2.0/.well-known/openid-configuration`,
        "api-version": "1.1",
        metadata: [],
      },
    };
  if (!isTenant && !["common", "organizations"].includes(who)) return NOT_FOUND;
  if (what === "GET /v2.0/.well-known/openid-configuration") return configuration(tenant);
  if (what === "GET /discovery/v2.0/keys") return { status: 200, body: { keys: [key.publicJwk] } };
  if (what !== "POST /oauth2/v2.0/token" || !isTenant) return NOT_FOUND;
  const form = await readForm(request);
  if (form === undefined) return { status: 413, body: { error: "invalid_request", error_description: "The form is too large." } };
  const token = await answerToken(tenant, key, { form, nowMs: authority.clock.now() });
  authority.logger.info({ status: token.status, clientId: form.get("client_id") }, "token asked for");
  return token;
}

/** The authority's server: openid configuration, keys, tokens. */
export function createAuthorityServer(authority: Authority): Server {
  const server = createServer((request, response) => {
    answer(authority, request)
      .catch((error: unknown): Answer => {
        authority.logger.error({ err: error }, "request failed");
        return { status: 500, body: { error: "server_error", error_description: "The authority has met a fault of its own." } };
      })
      .then(({ status, body }) => {
        const text = JSON.stringify(body);
        response.writeHead(status, {
          "content-type": "application/json; charset=utf-8",
          "cache-control": "no-store",
          "content-length": Buffer.byteLength(text),
        });
        response.end(text);
      })
      .catch(() => response.destroy());
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return server;
}
