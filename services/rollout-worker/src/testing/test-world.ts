import { randomUUID } from "node:crypto";
import {
  as,
  developmentPolicy,
  type Bundle,
  type ClusterId,
  type Driver,
  type ManagedCluster,
  type Operation,
  type OperationControl,
  type OperationId,
  type RolloutPolicy,
} from "@hostrouting/domain";
import { FakeCluster } from "@hostrouting/kube/fake";
import type { ClusterAccess } from "@hostrouting/kube";
import { createLogger, systemTimers } from "@hostrouting/runtime";
import { openStore, type Store } from "@hostrouting/store";
import { Client } from "pg";
import { clusterRound, type RoundDeps, type RoundEnd } from "../cluster-round.ts";
import { newMemory, type RoundMemory } from "../round-memory.ts";
import type { AskWebhook } from "../webhook/ask-webhook.ts";
import { WorkerMetrics } from "../metrics/worker-metrics.ts";

const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
/** The one cluster of a world. */
export const CLUSTER_ID = as<ClusterId>(
  `/subscriptions/${SUBSCRIPTION}/resourcegroups/lab/providers/microsoft.containerservice/managedclusters/lab`,
);
/** The bundle that the workers of a world roll out. */
export const BUNDLE = { image: "localhost/acns-hostrouting/bundle:1", digest: `sha256:${"1".repeat(64)}` };
const HOUR_MS = 60 * 60_000;
/** Soaks and intervals that need no waiting, and limits that no busy machine reaches, since worlds go by the database's clock; the rest as in development. */
export const PATIENCE: Partial<RolloutPolicy> = {
  ...developmentPolicy,
  nodeSoakMs: 0,
  canarySoakMs: 0,
  batchSoakMs: 0,
  finalSoakMs: 0,
  leaseMs: 600_000,
  installTimeoutMs: HOUR_MS,
  switchTimeoutMs: HOUR_MS,
  progressDeadlineMs: HOUR_MS,
};

/** A real store with one cluster, a fake cluster behind it, and workers that can be killed. */
export type World = {
  readonly store: Store;
  readonly fake: FakeCluster;
  /** What its workers count together. */
  readonly metrics: WorkerMetrics;
  /** Accepts a request, as the control plane does; a running operation is superseded. */
  /** What workers roll out from now on. */
  offer(bundle: Bundle): void;
  request(mode: "BpfVeth" | "None"): Promise<OperationId>;
  cancel(id: OperationId): Promise<void>;
  /** Asks something of an operation, as the control plane does. */
  ask(id: OperationId, change: (control: OperationControl) => OperationControl): Promise<void>;
  operation(id: OperationId): Promise<Operation>;
  /** One round of a worker; `wrap` may put itself between the worker and its store and cluster. */
  round(worker?: string, wrap?: Interposer): Promise<RoundEnd>;
  /** Until what was asked without changing anything is answered, as far as a round began to. */
  assessed(): Promise<void>;
  sql(statement: string): Promise<void>;
  /** The lease runs out, as after its holder's death. */
  expireLease(): Promise<void>;
  /** Rounds and ticks until the operation has ended; a rollout that takes more rounds than this hangs. */
  finish(id: OperationId, roundsMax?: number): Promise<Operation>;
  close(): Promise<void>;
};

/** Calls `call` in place of the worker; `name` is the method. */
export type Interposer = <T>(name: string, call: () => Promise<T>) => Promise<T>;

function interposed<T extends object>(target: T, wrap: Interposer): T {
  return new Proxy(target, {
    get(object, name) {
      const member = Reflect.get(object, name) as unknown;
      if (typeof member !== "function" || name === "watch" || name === "close") return member;
      return (...args: unknown[]) => wrap(String(name), () => (member as (...given: unknown[]) => Promise<unknown>).apply(object, args));
    },
  });
}

async function administer(adminUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function registerCluster(store: Store, policy: Partial<RolloutPolicy>, changes: Partial<ManagedCluster>): Promise<void> {
  const by = { createdBy: "test", createdByType: "User", lastModifiedBy: "test", lastModifiedByType: "User" } as const;
  const at = "2026-01-01T00:00:00Z";
  await store.directory.registerSubscription({ id: SUBSCRIPTION, tenantId: "tenant", displayName: "test", state: "Registered" });
  await store.directory.registerResourceGroup({ subscriptionId: SUBSCRIPTION, displayName: "lab", location: "local" });
  await store.clusters.register(
    {
      id: CLUSTER_ID,
      subscriptionId: SUBSCRIPTION,
      resourceGroup: "lab",
      name: "lab",
      location: "local",
      tags: {},
      envelope: {},
      properties: {
        kubernetesVersion: "1.36.3",
        networkProfile: {
          networkPlugin: "azure",
          networkPluginMode: "overlay",
          networkDataplane: "cilium",
          podCidrs: ["10.244.0.0/16"],
          serviceCidrs: ["10.96.0.0/16"],
          advancedNetworking: { enabled: true },
        },
        agentPoolProfiles: [{ name: "user", mode: "User", osType: "Linux", osSKU: "Ubuntu2404", vmSize: "Standard_D2s_v5", count: 3 }],
      },
      desiredMode: "None",
      generation: 1,
      etag: "1",
      provisioningState: "Succeeded",
      activeOperationId: undefined,
      provider: "lab",
      driver: "bundle",
      accessReference: "fake",
      systemData: { ...by, createdAt: at, lastModifiedAt: at },
      ...changes,
    },
    policy,
  );
}

function accept(store: Store, mode: "BpfVeth" | "None"): Promise<OperationId> {
  const id = as<OperationId>(randomUUID());
  return store.clusters.change(CLUSTER_ID, (locked) => {
    if (locked === undefined) throw new Error("the world's cluster is not registered");
    const { cluster, active } = locked;
    const generation = cluster.generation + 1;
    const kind = mode === "BpfVeth" ? ("EnableHostRouting" as const) : ("DisableHostRouting" as const);
    return {
      result: id,
      change: {
        cluster: { ...cluster, desiredMode: mode, generation, etag: randomUUID(), provisioningState: "Updating", activeOperationId: id },
        ...(active === undefined ? {} : { supersede: { operationId: active.id, error: { code: "Superseded", message: "reversed" } } }),
        begin: { id, kind, mode, generation, tenantId: "tenant", objectId: "object" },
        history: [{ kind: "OperationAccepted", data: { operationId: id } }],
      },
    };
  });
}

async function makeDatabase(adminUrl: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `worker_${randomUUID().replaceAll("-", "")}`;
  await administer(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(adminUrl, `drop database ${name} with (force)`) };
}

/** What a worker of a world works with, each call through `wrap`. */
function depsOf(parts: {
  store: Store;
  opened: ClusterAccess;
  workerId: string;
  wrap: Interposer;
  bundle: Bundle;
}): Omit<RoundDeps, "metrics"> {
  const { store, opened, workerId, wrap, bundle } = parts;
  const access: ClusterAccess = interposed(opened, wrap);
  return {
    store: {
      assessments: store.assessments,
      leases: interposed(store.leases, wrap),
      rounds: interposed(store.rounds, wrap),
      clusters: interposed(store.clusters, wrap),
    },
    access: { get: async () => access, close: () => {} },
    workerId,
    newId: randomUUID,
    bundle,
    logger: createLogger("test", "silent"),
    askWebhook: noWebhook,
    timers: systemTimers,
  };
}

/** For worlds without such gates. */
const noWebhook: AskWebhook = async () => ({ verdict: "NoAnswer", reason: "There is no webhook." });

/** What is not as usual in a world. */
export type WorldSettings = Partial<Pick<RoundDeps, "stepTriesMax" | "admission" | "chance" | "askWebhook" | "azure">> & {
  readonly driver?: Driver;
  /** Where its cluster comes from, and what its worker finds it by; a lab unless said. */
  readonly origin?: Pick<ManagedCluster, "provider" | "accessReference">;
  /** How its workers reach the fake cluster; directly unless said. */
  readonly connect?: (fake: FakeCluster) => ClusterAccess;
  /** Told of the access of a cluster that is worked on before its workers look at it; nobody unless said. */
  readonly follow?: RoundMemory["follow"];
};

/** Makes a world on a database of its own. @param adminUrl a database on which databases may be created */
export async function makeWorld(
  adminUrl: string,
  policy: Partial<RolloutPolicy> = PATIENCE,
  { driver = "bundle", origin, connect, follow, ...settings }: WorldSettings = {},
): Promise<World> {
  const database = await makeDatabase(adminUrl);
  const store = await openStore(database.url, () => {});
  const fake = new FakeCluster();
  const opened = connect?.(fake) ?? fake.access();
  await registerCluster(store, policy, { driver, ...origin });
  const memories = new Map<string, RoundMemory>();
  const metrics = new WorkerMetrics();
  let offered: Bundle = BUNDLE;
  const deps = (workerId: string, wrap: Interposer): RoundDeps => ({
    ...depsOf({ store, opened, workerId, wrap, bundle: offered }),
    metrics,
    ...settings,
  });
  const world: World = {
    store,
    fake,
    metrics,
    offer: (bundle) => void (offered = bundle),
    request: (mode) => accept(store, mode),
    cancel: (id) =>
      store.clusters.change(CLUSTER_ID, () => ({
        result: undefined,
        change: { requestCancel: id, history: [{ kind: "CancelRequested", data: {} }] },
      })),
    ask: (id, change) =>
      store.clusters.change(CLUSTER_ID, (locked) => ({
        result: undefined,
        change: { control: { operationId: id, control: change(locked?.active?.control ?? {}) }, history: [] },
      })),
    async operation(id) {
      const operation = await store.operations.get(id);
      if (operation === undefined) throw new Error(`no operation ${id}`);
      return operation;
    },
    round(worker = "worker", wrap = (_name, call) => call()) {
      const memory = memories.get(worker) ?? newMemory(follow);
      memories.set(worker, memory);
      return clusterRound(deps(worker, wrap), CLUSTER_ID, memory);
    },
    async assessed() {
      for (const { assessment } of memories.values()) await assessment.running;
    },
    sql: (statement) => administer(database.url, statement),
    expireLease: () => administer(database.url, "update cluster_lease set expires_at = clock_timestamp() - interval '1 second'"),
    async finish(id, roundsMax = 200) {
      for (let rounds = 0; rounds < roundsMax; rounds += 1) {
        const operation = await world.operation(id);
        if (operation.endedAt !== undefined) return operation;
        await world.round();
        fake.tick(1_000);
      }
      const { status } = await store.clusters.status(CLUSTER_ID);
      throw new Error(`not ended after ${roundsMax} rounds: ${JSON.stringify(status?.waits)}`);
    },
    async close() {
      await store.close();
      await database.drop();
    },
  };
  return world;
}
