import { readFileSync } from "node:fs";
import https from "node:https";
import { ClientSecretCredential } from "@azure/identity";
import type { HostRouting, HostRoutingNode, ManagedCluster, OperationStatus } from "./shapes.ts";
import type { ReadyFile } from "../../infra/dev/ready-file.ts";
import { clusterResourceId } from "../../services/control-plane/src/arm/resource-ids.ts";
import { until } from "./until.ts";

/** A request: `path` is below the endpoint and gets an api-version, or is an absolute URL. */
export type Request = { readonly method: string; readonly path: string; readonly body?: unknown };
/** A reply as it came, its body parsed. */
export type Reply = { readonly status: number; readonly headers: Readonly<Record<string, string | undefined>>; readonly body: unknown };

/** The ARM surface, spoken to in plain requests with a token of `@azure/identity`. */
export type Arm = {
  request(request: Request): Promise<Reply>;
  cluster(): Promise<ManagedCluster>;
  /** GET, change the mode, PUT; answers the operation's URL. @throws when the PUT is refused */
  setMode(mode: "BpfVeth" | "None"): Promise<string>;
  hostRouting(): Promise<HostRouting>;
  /** PATCHes members of the rollout policy. @throws when refused */
  setPolicy(members: Readonly<Record<string, unknown>>): Promise<void>;
  nodes(): Promise<readonly HostRoutingNode[]>;
  /** Id of the operation that was begun last. */
  newestOperation(): Promise<string | undefined>;
  /** POSTs a verb of `hostRoutings/default`. @throws when refused */
  ask(verb: string, body?: unknown): Promise<void>;
  /** Gets another token, as a client that has just started, and uses it from now on; a surface that is down meanwhile is asked again. */
  signInAnew(timeoutMs: number): Promise<void>;
  /** Polls as a client would until the operation is terminal; a surface that is down meanwhile is asked again. */
  settle(url: string, timeoutMs: number): Promise<OperationStatus>;
};

const API_VERSION = "2026-04-01";
const SCOPE = "https://management.azure.com/.default";
const ANSWER_TIMEOUT_MS = 10_000;
const TOKEN_MARGIN_MS = 60_000;

/** Opens the surface that the ready file names. */
export function openArm(ready: ReadyFile): Arm {
  const ca = readFileSync(ready.caFile, "utf8");
  const agent = new https.Agent({ ca, keepAlive: true });
  const options = { authorityHost: ready.arm, disableInstanceDiscovery: true, tlsOptions: { ca } };
  // Each remembers what it got.
  const newCredential = () => new ClientSecretCredential(ready.tenantId, ready.clientId, ready.clientSecret, options);
  let credential = newCredential();
  const resource = clusterResourceId({ ...ready, name: ready.cluster });
  let token: { token: string; expiresOnTimestamp: number } | undefined;

  async function request({ method, path, body }: Request): Promise<Reply> {
    if (token === undefined || token.expiresOnTimestamp < Date.now() + TOKEN_MARGIN_MS) token = await credential.getToken(SCOPE);
    const url = path.startsWith("https:") ? path : `${ready.arm}${path}?api-version=${API_VERSION}`;
    const headers = { authorization: `Bearer ${token.token}`, "content-type": "application/json" };
    return send(url, { method, agent, headers, timeout: ANSWER_TIMEOUT_MS }, body);
  }

  async function expect(wanted: Request): Promise<Reply> {
    const reply = await request(wanted);
    if (reply.status !== 200) throw new Error(`${wanted.method} ${wanted.path} answered ${reply.status}: ${JSON.stringify(reply.body)}`);
    return reply;
  }
  const read = async <T>(path: string): Promise<T> => (await expect({ method: "GET", path })).body as T;

  return {
    request,
    cluster: () => read<ManagedCluster>(resource),
    async setMode(mode) {
      const cluster = await read<ManagedCluster>(resource);
      cluster.properties.networkProfile.advancedNetworking.performance = { accelerationMode: mode };
      const { headers } = await expect({ method: "PUT", path: resource, body: cluster });
      const url = headers["azure-asyncoperation"];
      if (url === undefined) throw new Error(`PUT ${mode} began no operation`);
      return url;
    },
    hostRouting: () => read<HostRouting>(`${resource}/hostRoutings/default`),
    async setPolicy(members) {
      await expect({ method: "PATCH", path: `${resource}/hostRoutings/default`, body: { properties: { rolloutPolicy: members } } });
    },
    async ask(verb, body) {
      const reply = await request({ method: "POST", path: `${resource}/hostRoutings/default/${verb}`, body });
      if (reply.status >= 300) throw new Error(`${verb} was answered ${reply.status}: ${JSON.stringify(reply.body)}`);
    },
    newestOperation: async () => (await read<{ value: { name: string }[] }>(`${resource}/hostRoutings/default/operations`)).value[0]?.name,
    nodes: async () => (await read<{ value: HostRoutingNode[] }>(`${resource}/hostRoutings/default/nodes`)).value,
    async signInAnew(timeoutMs) {
      credential = newCredential();
      token = await until("a token", timeoutMs, () => credential.getToken(SCOPE).catch(() => undefined));
    },
    settle: (url, timeoutMs) =>
      until(`${url} to be terminal`, timeoutMs, async () => {
        const operation = await read<OperationStatus>(url).catch(() => undefined);
        return operation !== undefined && ["Succeeded", "Failed", "Canceled"].includes(operation.status) ? operation : undefined;
      }),
  };
}

function send(url: string, options: https.RequestOptions, body: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = https.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const headers = response.headers as Record<string, string | undefined>;
        resolve({ status: response.statusCode ?? 0, headers, body: text === "" ? undefined : JSON.parse(text) });
      });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer from ${url} in time`)));
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
