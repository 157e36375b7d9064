import { readFileSync } from "node:fs";
import { ContainerServiceClient } from "@azure/arm-containerservice";
import { createDefaultHttpClient, createPipelineRequest, type HttpMethods, type PipelineResponse } from "@azure/core-rest-pipeline";
import { ClientSecretCredential, DefaultAzureCredential, type TokenCredential } from "@azure/identity";
import { AppError, explain, type AccelerationMode, type OperationError } from "@hostrouting/domain";
import type { AksSettings } from "./aks-settings.ts";
import { readAksRights, type AksRights } from "./aks-rights.ts";
import { asJson, asList, asText } from "./json.ts";
import { readReply, type AksAnswer } from "./aks-reply.ts";
import { readCaFile } from "./ca-file.ts";
import { withAccelerationMode } from "./with-acceleration-mode.ts";

/** What Azure shows of a cluster. */
export type AksView = {
  readonly mode: AccelerationMode;
  /** As it stands in the reply; a PUT over another version is refused. */
  readonly etag: string;
  readonly provisioningState: string;
  /** `provisioningState` of each pool. */
  readonly poolStates: Readonly<Record<string, string>>;
  /** Resource group of the nodes; empty where Azure does not say. */
  readonly nodeResourceGroup: string;
};

/** How far an operation of Azure's is. */
export type AksOperation =
  | { readonly status: "InProgress" | "Succeeded" | "Canceled" }
  | { readonly status: "Failed"; readonly error: OperationError };

/** A change that Azure took. `operation`: path of its status; undefined where Azure named none. */
export type AksChange = { readonly operation: string | undefined; readonly writesLeft: number | undefined };

/** One cluster that AKS manages. No method throws for what Azure answers, or for no answer; none tries anything again by itself. */
export type AksCluster = {
  read(): Promise<AksAnswer<AksView>>;
  /** The whole ARM resource as it came. */
  readResource(): Promise<AksAnswer<unknown>>;
  /** Puts the cluster back as it is read now but for the mode, over version `etag` only; a cluster of another version is `Changed`, without a PUT. */
  putMode(mode: AccelerationMode, etag: string): Promise<AksAnswer<AksChange>>;
  readOperation(path: string): Promise<AksAnswer<AksOperation>>;
  /** Asks Azure to abort whatever it does with the cluster. */
  abort(): Promise<AksAnswer<undefined>>;
  /** Locks on the cluster and on its nodes' resource group, and the actions that a change needs and the credential lacks. */
  readRights(nodeResourceGroup: string): Promise<AksAnswer<AksRights>>;
};

const API_VERSION = "2026-04-01";
const REQUEST_TIMEOUT_MS = 30_000;

function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new AppError("azure.settings-refused", { say: `The secret ${file} cannot be read`, do: "Give the worker the file.", cause });
  }
}

function credentialOf({ credential, authority }: AksSettings, shared: object): TokenCredential {
  const options = { ...shared, ...(authority !== undefined && { authorityHost: authority, disableInstanceDiscovery: true }) };
  if (credential.kind === "Default") return new DefaultAzureCredential(options);
  return new ClientSecretCredential(credential.tenantId, credential.clientId, readSecret(credential.secretFile), options);
}

/** The members that we know of a cluster's JSON. Pure. */
export function aksView(body: unknown): AksView {
  const cluster = asJson(body);
  const properties = asJson(cluster["properties"]);
  const acns = asJson(asJson(properties["networkProfile"])["advancedNetworking"]);
  const pools = asList(properties["agentPoolProfiles"]).map((pool) => [asText(pool["name"]), asText(pool["provisioningState"])] as const);
  return {
    mode: asJson(acns["performance"])["accelerationMode"] === "BpfVeth" ? "BpfVeth" : "None",
    etag: asText(cluster["eTag"]),
    provisioningState: asText(properties["provisioningState"]),
    poolStates: Object.fromEntries(pools.filter(([, state]) => state !== "")),
    nodeResourceGroup: asText(properties["nodeResourceGroup"]),
  };
}

/** How far an operation is by its status document (ARM RPC, asynchronous operations): what is neither of three is under way. Pure. */
export function aksOperation(body: unknown): AksOperation {
  const { status, error } = asJson(body);
  if (status === "Succeeded" || status === "Canceled") return { status };
  if (status !== "Failed") return { status: "InProgress" };
  const { code, message } = asJson(error);
  return { status, error: { code: asText(code) || "AzureOperationFailed", message: asText(message) || "Azure gave no reason." } };
}

/** A path of the same endpoint: the credential is sent nowhere else, whatever a header names. */
function samePath(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { pathname, search } = new URL(address);
  return `${pathname}${search}`;
}

/**
 * Opens a cluster by Azure's own client and credential. Bodies pass through it as JSON and not as its models, so that members which this version of the
 * client does not know are put back as they were read.
 * @throws AppError `azure.settings-refused`, `azure.ca-unreadable`
 */
export function openAksCluster(settings: AksSettings): AksCluster {
  const { arm, resourceId } = settings;
  // Whoever asks waits by itself, and says so: nothing is tried again in here.
  const shared = { retryOptions: { maxRetries: 0 }, ...readCaFile(settings.caFile) };
  const [, , subscriptionId = "", , resourceGroup = "", , , , name = ""] = resourceId.split("/");
  const client = new ContainerServiceClient(credentialOf(settings, shared), subscriptionId, { ...shared, endpoint: arm });
  const http = createDefaultHttpClient();
  const send = async (method: HttpMethods, path: string, given: { body?: unknown; ifMatch?: string } = {}): Promise<PipelineResponse> => {
    const request = createPipelineRequest({ url: `${arm}${path}`, method, timeout: REQUEST_TIMEOUT_MS });
    if (given.ifMatch !== undefined) request.headers.set("if-match", given.ifMatch);
    if (given.body !== undefined) {
      request.headers.set("content-type", "application/json");
      request.body = JSON.stringify(given.body);
    }
    return client.pipeline.sendRequest(http, request);
  };
  const ask = async <T>(
    asking: () => Promise<PipelineResponse>,
    read: (body: unknown, reply: PipelineResponse) => T,
  ): Promise<AksAnswer<T>> => {
    try {
      return readReply(await asking(), read);
    } catch (error) {
      return { kind: "Unknown", message: explain(error).split("\n")[0] ?? "" };
    }
  };
  const get = <T>(path: string, read: (body: unknown) => T): Promise<AksAnswer<T>> => ask(() => send("GET", path), read);
  const clusterPath = `${resourceId}?api-version=${API_VERSION}`;
  return {
    read: () => get(clusterPath, aksView),
    readResource: () => get(clusterPath, (body) => body),
    readOperation: (path) => get(path, aksOperation),
    async putMode(mode, etag) {
      const before = await get(clusterPath, (body) => body);
      if (before.kind !== "Said") return before;
      if (aksView(before.value).etag !== etag) return { kind: "Changed", message: "The cluster has changed since it was read." };
      const body = withAccelerationMode(before.value, mode);
      return ask(
        () => send("PUT", clusterPath, { body, ifMatch: etag }),
        (_, reply) => {
          const left = Number(reply.headers.get("x-ms-ratelimit-remaining-subscription-writes") ?? Number.NaN);
          return { operation: samePath(reply.headers.get("azure-asyncoperation")), writesLeft: Number.isNaN(left) ? undefined : left };
        },
      );
    },
    async abort() {
      try {
        await client.managedClusters.abortLatestOperation(resourceGroup, name).submitted();
        return { kind: "Said", value: undefined };
      } catch (error) {
        const { statusCode } = error as { statusCode?: number };
        return { kind: statusCode === undefined ? "Unknown" : "Busy", message: explain(error).split("\n")[0] ?? "" };
      }
    },
    readRights: (nodeResourceGroup) => readAksRights(get, { resourceId, subscriptionId, nodeResourceGroup }),
  };
}
