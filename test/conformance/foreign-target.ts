import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClientSecretCredential, type AccessToken } from "@azure/identity";
import type { Point, Step } from "./point.ts";
import type { Target } from "./target.ts";

/** What is known of an endpoint that is not ours. */
export type Endpoint = {
  /** `https:`; without a slash at its end. */
  readonly url: string;
  /** Full resource id of a cluster that may be read and, with `mayChange`, changed. */
  readonly cluster: string;
  readonly mayChange: boolean;
  /** A resource group without clusters. */
  readonly emptyGroup: string | undefined;
  readonly version: string;
  readonly access: Access;
};

/** How a token is had: it is in a file, or a client's secret is. */
export type Access =
  | { readonly tokenFile: string }
  | {
      readonly tenantId: string;
      readonly clientId: string;
      readonly secretFile: string;
      readonly authorityHost: string | undefined;
      readonly scope: string;
    };

const PATIENCE_MS = 90 * 60_000;
const SETTLE_POLL_MS = 2_000;
const CLUSTER_ID =
  /^(\/subscriptions\/[^/]+)(\/resourceGroups\/([^/]+))\/providers\/Microsoft\.ContainerService\/managedClusters\/([^/]+)$/i;

/** Requests that leave something behind where they are accepted; a cluster's credentials are only read. */
function changes(step: Step): boolean {
  if (step.step !== "request" && step.step !== "repeat") return false;
  const { method = "GET", url } = step.ask;
  return method !== "GET" && method !== "HEAD" && !/\/list\w+Credential/i.test(url);
}

async function readToken(access: Access): Promise<string> {
  if ("tokenFile" in access) return readFileSync(access.tokenFile, "utf8").trim();
  const { tenantId, clientId, secretFile, authorityHost, scope } = access;
  const credential = new ClientSecretCredential(tenantId, clientId, readFileSync(secretFile, "utf8").trim(), {
    ...(authorityHost !== undefined && { authorityHost, disableInstanceDiscovery: true }),
  });
  const token: AccessToken = await credential.getToken(scope);
  return token.token;
}

async function locationOf(endpoint: Endpoint, token: string): Promise<string> {
  const url = `${endpoint.url}${endpoint.cluster}?api-version=${endpoint.version}`;
  const reply = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!reply.ok) throw new Error(`GET ${url} answered ${reply.status}: ${(await reply.text()).slice(0, 500)}`);
  return ((await reply.json()) as { location: string }).location;
}

type ShownCluster = {
  readonly location: string;
  readonly properties: {
    readonly provisioningState: string;
    readonly networkProfile?: { readonly advancedNetworking?: { readonly performance?: { readonly accelerationMode?: string } } };
  };
};

/** Waits until nothing is under way on the cluster, and switches acceleration off where it is on: points begin there. */
async function settle(endpoint: Endpoint, token: string): Promise<void> {
  const url = `${endpoint.url}${endpoint.cluster}?api-version=${endpoint.version}`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const cluster = (await fetch(url, { headers }).then((reply) => reply.json())) as ShownCluster;
    const { provisioningState: state, networkProfile } = cluster.properties;
    const isSettled = ["Succeeded", "Failed", "Canceled"].includes(state);
    const mode = networkProfile?.advancedNetworking?.performance?.accelerationMode ?? "None";
    if (isSettled && state === "Succeeded" && mode === "None") return;
    if (isSettled) {
      const advancedNetworking = { enabled: true, performance: { accelerationMode: "None" } };
      const body = JSON.stringify({ location: cluster.location, properties: { networkProfile: { advancedNetworking } } });
      const reply = await fetch(url, { method: "PUT", headers, body });
      if (!reply.ok)
        throw new Error(`The cluster cannot be brought back to mode None: ${reply.status} ${(await reply.text()).slice(0, 500)}`);
    }
    if (Date.now() > until) throw new Error(`The cluster is still ${state} after ${PATIENCE_MS / 60_000} min`);
    await sleep(SETTLE_POLL_MS);
  }
}

/** Points that get a cluster of their own elsewhere get this one, settled. */
const wantsOwn = ({ cluster }: Point): boolean => cluster === "fresh" || cluster === "made";

function whyNot(point: Point, endpoint: Endpoint): string | undefined {
  if (point.cluster !== undefined && point.cluster !== "one" && !wantsOwn(point)) return `needs a cluster like ${point.cluster}`;
  if (JSON.stringify(point.steps).includes("{emptyGroup}") && endpoint.emptyGroup === undefined)
    return "needs a resource group without clusters: --empty-group";
  if (!endpoint.mayChange && point.id.startsWith("F1-") && point.steps.some(changes)) return "changes the cluster: needs --may-change";
  if (!endpoint.mayChange && wantsOwn(point) && point.steps.some(changes)) return "changes the cluster: needs --may-change";
  if (JSON.stringify(point.steps).includes("{N}") && point.steps.some(changes) && point.id.startsWith("F1-"))
    return "makes or deletes clusters: needs an installation of one's own";
  if (point.steps.some((step) => step.step === "request" && step.ask.method === "DELETE"))
    return "deletes the cluster: needs an installation of one's own";
  return undefined;
}

/** @throws Error when the cluster cannot be read with that access. */
export async function openForeignTarget(endpoint: Endpoint): Promise<Target> {
  const [, subscription = "", group = "", groupName = "", name = ""] = CLUSTER_ID.exec(endpoint.cluster) ?? [];
  if (name === "") throw new Error(`--cluster must be the resource id of a managed cluster, not '${endpoint.cluster}'`);
  let token = await readToken(endpoint.access);
  let readAt = Date.now();
  const location = await locationOf(endpoint, token);
  const run = Date.now().toString(36);
  const collection = `${subscription}${group}/providers/Microsoft.ContainerService/managedClusters`;
  return {
    base: endpoint.url,
    powers: undefined,
    patienceMs: PATIENCE_MS,
    async token(caller) {
      if (caller === "nobody") return null;
      if (caller !== "self") return undefined;
      // Tokens live for an hour, and one operation may take longer.
      if (Date.now() - readAt > 20 * 60_000) [token, readAt] = [await readToken(endpoint.access), Date.now()];
      return token;
    },
    async prepare(point) {
      if (wantsOwn(point) && endpoint.mayChange) await settle(endpoint, token);
      return {
        run,
        version: endpoint.version,
        V: `api-version=${endpoint.version}`,
        RP: "providers/Microsoft.ContainerService",
        S: subscription,
        G: `${subscription}${group}`,
        L: collection,
        C: `${collection}/${name}`,
        N: `${collection}/absent-${run}`,
        name,
        group: groupName,
        emptyGroup: endpoint.emptyGroup ?? "",
        location,
      };
    },
    whyNot: (point) => whyNot(point, endpoint),
    close: async () => undefined,
  };
}
