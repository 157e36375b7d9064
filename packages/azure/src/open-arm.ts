import { setTimeout as sleep } from "node:timers/promises";
import { ContainerServiceClient, type ManagedCluster } from "@azure/arm-containerservice";
import { createDefaultHttpClient, createPipelineRequest, type HttpMethods } from "@azure/core-rest-pipeline";
import { ClientSecretCredential } from "@azure/identity";
import { AppError, type AccelerationMode } from "@hostrouting/domain";
import type { ArmConnection } from "./arm-connection.ts";
import { ArmRefusal, asAppError } from "./arm-problem.ts";
import { readCaFile } from "./ca-file.ts";
import { followQuestion, type ArmReply, type Following } from "./follow-question.ts";

/** An accepted change of the mode. */
export type ModeChange = {
  /** False when the cluster was there already: nothing was accepted, nothing runs. */
  readonly started: boolean;
  /** Resolves when the operation succeeded; rejects with an AppError when it failed, was canceled, or cannot be followed. */
  finished(signal?: AbortSignal): Promise<void>;
};

/** One cluster through an ARM endpoint. Every method throws AppErrors (see arm-problem.ts). */
export type ArmCluster = {
  /** Reads the cluster and puts it back with another mode, over the version that was read. Resolves once ARM accepted it. */
  setMode(mode: AccelerationMode): Promise<ModeChange>;
  /** GET of `hostRoutings/default` or of something below it (`nodes`), with further parameters. The answer's JSON as it came. */
  readHostRouting(below?: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** POST of a verb of `hostRoutings/default`: `pause`, `resume`, `cancel`, `retry`, `skip`, `approve`, `reject`, `rollback`, `upgrade`. The answer's JSON as it came; nothing where there is none. */
  ask(verb: string, body?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** POST of `validate` or `whatIf`, followed to its end: the report's JSON as it came. */
  assess(verb: "validate" | "whatIf", body: Readonly<Record<string, unknown>>): Promise<unknown>;
};

const API_VERSION = "2026-04-01";
const REQUEST_TIMEOUT_MS = 30_000;
const RETRIES_MAX = 3;
const RACES_MAX = 3;

/**
 * Opens a cluster by Azure's own clients: `ClientSecretCredential` and `ContainerServiceClient`, with the CA in their HTTP pipelines.
 * @throws AppError `azure.ca-unreadable`
 */
export function openArmCluster(connection: ArmConnection): ArmCluster {
  const shared = { retryOptions: { maxRetries: RETRIES_MAX }, ...readCaFile(connection.caFile) };
  const credential = new ClientSecretCredential(connection.tenantId, connection.clientId, connection.clientSecret, {
    ...shared,
    authorityHost: connection.arm,
    disableInstanceDiscovery: true,
  });
  const client = new ContainerServiceClient(credential, connection.subscriptionId, {
    ...shared,
    endpoint: connection.arm,
    apiVersion: API_VERSION,
  });
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asAppError(error, connection.arm);
    }
  };
  return {
    setMode: (mode) => guarded(() => setMode(client, connection, mode)),
    readHostRouting: (below = "", query = {}) => {
      const parameters = new URLSearchParams({ "api-version": API_VERSION, ...query });
      return guarded(() => askJson(client, `${hostRoutingUrl(connection)}${below}?${parameters.toString()}`, { method: "GET" }));
    },
    assess: (verb, body) => {
      const send: Following["send"] = (method, path, given) =>
        askArm(client, `${connection.arm}${path}`, { method, ...(given !== undefined && { body: given }) });
      const pause = (seconds: number): Promise<void> => sleep(seconds * 1_000);
      const path = `${hostRoutingPath(connection)}/${verb}?api-version=${API_VERSION}`;
      return guarded(() => followQuestion({ send, pause }, path, body));
    },
    ask: (verb, body = {}) =>
      guarded(() => askJson(client, `${hostRoutingUrl(connection)}/${verb}?api-version=${API_VERSION}`, { method: "POST", body })),
  };
}

/** Another writer may change the cluster between read and write: read again, a bounded number of times. */
async function setMode(client: ContainerServiceClient, connection: ArmConnection, mode: AccelerationMode): Promise<ModeChange> {
  for (let race = 1; ; race++)
    try {
      return await putMode(client, connection, mode);
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 412 || race === RACES_MAX) throw error;
    }
}

async function putMode(client: ContainerServiceClient, connection: ArmConnection, mode: AccelerationMode): Promise<ModeChange> {
  const cluster = await client.managedClusters.get(connection.resourceGroup, connection.cluster);
  let started = false;
  const poller = client.managedClusters.createOrUpdate(connection.resourceGroup, connection.cluster, withMode(cluster, mode), {
    ...(cluster.eTag === undefined ? {} : { ifMatch: cluster.eTag }),
    onResponse: (response) => (started ||= response.headers.has("azure-asyncoperation")),
  });
  await poller.submitted();
  return {
    started,
    async finished(signal) {
      try {
        await poller.pollUntilDone(signal === undefined ? {} : { abortSignal: signal });
      } catch (error) {
        throw asOperationError(error, connection.arm);
      }
    },
  };
}

/** ACNS is turned on with host routing, which is a part of it; turning host routing off leaves it on. */
function withMode(cluster: ManagedCluster, mode: AccelerationMode): ManagedCluster {
  const acns = cluster.networkProfile?.advancedNetworking;
  const advancedNetworking = {
    ...acns,
    ...(mode === "BpfVeth" ? { enabled: true } : {}),
    performance: { ...acns?.performance, accelerationMode: mode },
  };
  return { ...cluster, networkProfile: { ...cluster.networkProfile, advancedNetworking } };
}

/** The poller tells of a failed operation by an error with a message only: "The long-running operation has failed. {code}. {message}". */
function asOperationError(error: unknown, arm: string): unknown {
  const known = asAppError(error, arm);
  if (known instanceof AppError || !(known instanceof Error)) return known;
  if (known.name === "AbortError") return known;
  const [, code = "OperationFailed", message = known.message] =
    /^The long-running operation has failed\.\s*(\w+)\.\s*(.*)$/s.exec(known.message) ?? [];
  const canceled = /cancel/i.test(known.message) && code === "OperationFailed";
  return new ArmRefusal({ httpStatus: 200, error: { code: canceled ? "Canceled" : code, message } }, "", undefined);
}

type Given = { readonly method: HttpMethods; readonly body?: unknown };

async function askJson(client: ContainerServiceClient, url: string, given: Given): Promise<unknown> {
  return (await askArm(client, url, given)).body;
}

async function askArm(client: ContainerServiceClient, url: string, given: Given): Promise<ArmReply> {
  const { method } = given;
  const request = createPipelineRequest({ url, method, timeout: REQUEST_TIMEOUT_MS });
  if (given.body !== undefined) {
    request.headers.set("content-type", "application/json");
    request.body = JSON.stringify(given.body);
  }
  const response = await client.pipeline.sendRequest(createDefaultHttpClient(), request);
  const body = parsed(response.bodyAsText ?? "");
  if (response.status < 300) return { status: response.status, header: (name) => response.headers.get(name), body };
  throw Object.assign(new Error(`${method} ${url} answered ${response.status}`), { statusCode: response.status, details: body });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hostRoutingPath({ subscriptionId, resourceGroup, cluster }: ArmConnection): string {
  const place = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster}`;
  return `${place}/hostRoutings/default`;
}

const hostRoutingUrl = (connection: ArmConnection): string => `${connection.arm}${hostRoutingPath(connection)}`;
