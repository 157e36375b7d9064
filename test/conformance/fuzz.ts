import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { acceleratable, ids, makeCluster, moveOperation } from "../../services/control-plane/src/testing/test-cluster.ts";
import { clusterIdOf } from "../../services/control-plane/src/arm/resource-ids.ts";
import type { OwnTarget } from "./own-target.ts";
import { runPython } from "./run-python.ts";

/** What a run of the fuzz found; `statuses` counts replies. */
export type FuzzSummary = {
  readonly seed: number;
  readonly cases: number;
  readonly operations: number;
  readonly ofOperations: number;
  readonly seconds: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly findings: readonly {
    readonly operation: string;
    readonly what: string;
    readonly request: string;
    readonly reply: string;
    readonly times: number;
  }[];
};

/** The fuzz is to reach what is behind the buckets. */
export const WITHOUT_LIMITS = Object.fromEntries(
  ["READS", "WRITES", "DELETES"].map((verbs) => [`HOSTROUTING_THROTTLE_${verbs}`, "100000/100000"]),
);

/** How much is asked; a run that would take longer ends, and its number of cases says so. */
export type FuzzOrder = { readonly cases: number; readonly seed: number; readonly maxSeconds: number };

/** The document that is asked by. */
export const DOCUMENT = path.resolve(import.meta.dirname, "../../api/openapi.2026-04-01.yaml");
/** The api-version of an operation: that of the first whose part is in its path. */
const VERSIONS: readonly (readonly [part: string, version: string])[] = [
  ["/providers/Microsoft.Authorization/", "2022-04-01"],
  ["/providers/Microsoft.ContainerService/", "2026-04-01"],
  ["/", "2024-11-01"],
];
/** What another tenant has, and nobody else may be shown. */
const HIDDEN = "nobody-elses-business";
const OTHER_SUBSCRIPTION = "55555555-5555-4555-8555-555555555555";
const CLUSTERS = 12;
const TURN_MS = 20;
/** On top of the fuzzer's own limit: reading the document, and the last request. */
const END_GRACE_MS = 60_000;

/** A subscription of another tenant with a cluster that has the marker in every place. */
async function registerOthers({ store }: OwnTarget): Promise<void> {
  const place = { subscriptionId: OTHER_SUBSCRIPTION, resourceGroup: "Lab", name: "theirs" };
  await store.directory.registerSubscription({
    id: OTHER_SUBSCRIPTION,
    tenantId: ids.otherTenantId,
    displayName: HIDDEN,
    state: "Registered",
  });
  await store.directory.registerResourceGroup({ subscriptionId: OTHER_SUBSCRIPTION, displayName: "Lab", location: "westeurope" });
  const changes = { ...place, id: clusterIdOf(place), tags: { mark: HIDDEN }, properties: { ...acceleratable, mark: HIDDEN } };
  await store.clusters.register(makeCluster("theirs", changes), {});
}

const clusterName = (index: number): string => `fuzzed-${index}`;

/** Clusters of our own on which everything may happen. */
async function registerOurs({ store }: OwnTarget): Promise<void> {
  for (let index = 0; index < CLUSTERS; index++) await store.clusters.register(makeCluster(clusterName(index)), {});
}

/**
 * Ends what requests begin, well or not, so that clusters do not stay busy with the first thing that was asked of them; one that a request deleted comes
 * back, or all that is asked later would be 404.
 */
async function endOperations({ store }: OwnTarget, signal: AbortSignal): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    const cluster = makeCluster(clusterName(turn % CLUSTERS));
    const { id } = cluster;
    if ((await store.clusters.get(id)) === undefined) await store.clusters.register(cluster, {});
    const ends = (["Succeeded", "Failed", "Canceled"] as const)[turn % 3] ?? "Succeeded";
    const operation = (await store.rounds.read(id))?.operation;
    // A request may end it first: then there is nothing to do, or the record is refused.
    if (operation !== undefined) await moveOperation(store, id, ends).catch(() => undefined);
    await sleep(TURN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Asks the surface of an installation by its own document, with valid and broken requests. */
export async function runFuzz(target: OwnTarget, order: FuzzOrder): Promise<FuzzSummary> {
  await registerOthers(target);
  await registerOurs(target);
  const real = {
    subscriptionId: [ids.subscriptionId],
    resourceGroupName: ["Lab"],
    resourceName: Array.from({ length: CLUSTERS }, (_, index) => clusterName(index)),
    location: ["westeurope"],
    operationId: ["00000000-0000-4000-8000-000000000000"],
    configName: ["default", "aksManagedAutoUpgradeSchedule"],
    agentPoolName: ["user", "system"],
  };
  const strange = { subscriptionId: [OTHER_SUBSCRIPTION], resourceGroupName: ["empty", "LAB"], resourceName: ["theirs", "one"] };
  const ending = new AbortController();
  const worker = endOperations(target, ending.signal);
  try {
    return await startFuzzer(
      {
        ...order,
        real,
        strange,
        versions: VERSIONS,
        hidden: [HIDDEN],
        base: target.base,
        caFile: target.installation.caFile,
        document: DOCUMENT,
        token: await target.token("self"),
      },
      order.maxSeconds * 1_000 + END_GRACE_MS,
    );
  } finally {
    ending.abort();
    await worker;
  }
}

/** Runs the fuzzer with its orders, see python/fuzz-surface.py. @throws Error when it fails itself. */
export function startFuzzer(order: object, timeoutMs: number): Promise<FuzzSummary> {
  return runPython<FuzzSummary>("fuzz-surface.py", order, timeoutMs);
}
