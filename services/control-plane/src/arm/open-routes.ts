import type { FastifyInstance } from "fastify";
import type { Deps } from "../deps.ts";
import { apiVersionOf } from "./api-versions.ts";

/** What az reads when a cloud is registered: one object, and with api-version 2019-05-01 an array of it. */
function toMetadata(base: string): Readonly<Record<string, unknown>> {
  return {
    name: "HostRouting",
    portal: base,
    authentication: { loginEndpoint: base, audiences: [`${base}/`], tenant: "common", identityProvider: "AAD" },
    resourceManager: base,
    graphAudience: `${base}/`,
    // az lists and deletes role assignments only where it knows a Graph; that nobody answers there but with an error leaves names of principals empty.
    microsoftGraphResourceId: `${base}/`,
    gallery: base,
    batch: `${base}/`,
    media: base,
    sqlManagement: base,
    vmImageAliasDoc: base,
    suffixes: { storage: "invalid", keyVaultDns: "invalid", acrLoginServer: "invalid", sqlServerHostname: "invalid" },
  };
}

/** Addresses that need no token: probes and the description of this cloud. */
export function openRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async () => {
    await deps.store().ping();
    return { status: "ready" };
  });
  app.get<{ Querystring: Readonly<Record<string, unknown>> }>("/metadata/endpoints", async (request) => {
    const metadata = toMetadata(deps.settings.publicUrl);
    return apiVersionOf(request.query) === "2019-05-01" ? [metadata] : metadata;
  });
}
