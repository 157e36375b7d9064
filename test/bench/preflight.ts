/**
 * `npm run bench:preflight`: what a preflight of a large cluster costs, from the look at its nodes to the findings, and what the engine takes
 * to decide a round of a larger one, in the worst phase of a rollout. Needs no root: the API server is a fake in this process, and its answers
 * are read from the text that a real one would send. Prints each figure and its share of the goal; exits 1 when one is above. Writes docs/benchmarks/preflight.md.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { as, productionPolicy, type Instant, type ManagedCluster } from "@hostrouting/domain";
import type { ClusterAccess, HostRoutingNodeObject, V1Node, V1Pod } from "@hostrouting/kube";
import { FakeCluster } from "@hostrouting/kube/fake";
import type { Finding } from "@hostrouting/preflight";
import { decide, Simulation, type Decision } from "@hostrouting/rollout";
import { checkPreflight } from "../../services/rollout-worker/src/observe/check-preflight.ts";
import { observeCluster } from "../../services/rollout-worker/src/observe/observe-cluster.ts";

const PAGE = path.join(import.meta.dirname, "../../docs/benchmarks/preflight.md");
const NODES = 1_000;
const PODS = 30_000;
const LOOKS = 5;
/** Issue 7, "Speed and memory". */
const PREFLIGHT_MAX_MS = 60_000;
const DECIDED_NODES = 5_000;
const DECIDE_MAX_MS = 50;
const ROUNDS_MAX = 2_000;
const BUNDLE = { image: "localhost/acns-hostrouting/bundle:1", digest: `sha256:${"1".repeat(64)}` };
const MEBIBYTE = 1_048_576;

const PRECONDITIONS = [
  "LoosePickup",
  "ConntrackZones",
  "IpvsConntrack",
  "PolicyChains",
  "ForwardPolicy",
  "KernelFeatures",
  "OneBackend",
  "Lockdown",
  "NetworkPlugins",
  "OtherFilters",
  "SourcePorts",
  "TableSizes",
  "UnexpectedRules",
  "MasqueradeRanges",
].map((name) => ({ name, outcome: "Passed" as const, message: "" }));

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function podOf(index: number): V1Pod {
  const app = `app-${index % 300}`;
  return {
    metadata: {
      namespace: `team-${index % 40}`,
      name: `${app}-${index}`,
      uid: `uid-${index}`,
      labels: { app, "pod-template-hash": "6d4b75cb6d", version: "v1" },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: app, uid: "r", controller: true }],
    },
    spec: {
      nodeName: `n${index % NODES}`,
      containers: [
        {
          name: "main",
          image: `registry.example/${app}:1`,
          ports: [{ containerPort: 8080 }],
          env: Array.from({ length: 20 }, (_, n) => ({ name: `SETTING_${n}`, value: `value-${n}` })),
          resources: { requests: { cpu: "50m", memory: "64Mi" } },
        },
      ],
      volumes: [{ name: "tmp", emptyDir: {} }],
    },
    status: { phase: "Running", podIP: "10.244.0.1" },
  };
}

function largeCluster(): FakeCluster {
  const fake = new FakeCluster();
  for (let index = 0; index < NODES; index += 1) {
    const name = `n${index}`;
    fake.addNode(name);
    const node = fake.nodes.get(name);
    if (node !== undefined) node.status = { ...node.status, allocatable: { cpu: "7820m", memory: "28Gi" } };
    fake.objects.set(name, {
      metadata: { name },
      spec: {} as never,
      status: {
        nodeUID: `uid-${name}`,
        bootID: `boot-${name}`,
        facts: { osId: "ubuntu", osVersionId: "24.04", kernel: "6.8.0", guardRung: "Lsm", preconditions: PRECONDITIONS },
        scan: { state: "Clean", digest: "", findings: 0, rules: [], unread: [], image: "202610.12.0" },
        census: { state: "Known", established: 900, longLived: 300 },
      },
    });
  }
  for (let index = 0; index < PODS; index += 1) {
    const pod = podOf(index);
    fake.pods.set(`${pod.metadata?.namespace}/${pod.metadata?.name}`, pod);
  }
  return fake;
}

function clusterRecord(): ManagedCluster {
  const networkProfile = { networkPlugin: "azure", networkDataplane: "cilium", advancedNetworking: { enabled: true } };
  const agentPoolProfiles = [{ name: "user", mode: "User", osType: "Linux", osSKU: "Ubuntu2404", vmSize: "Standard_D8s_v5" }];
  const properties = { kubernetesVersion: "1.36.3", networkProfile, agentPoolProfiles };
  return { ...new Simulation().snapshot().cluster, properties, provisioningState: "Succeeded" };
}

/** As many as the worker asks for at once. */
const PAGE_PODS = 500;

/** The fake's answers as an API server would write them: the text is there already, reading it is the worker's part. */
function writtenAnswers(fake: FakeCluster): ClusterAccess {
  const pods = [...fake.pods.values()];
  const pages = Array.from({ length: Math.ceil(pods.length / PAGE_PODS) }, (_, page) =>
    JSON.stringify(pods.slice(page * PAGE_PODS, (page + 1) * PAGE_PODS)),
  );
  const nodes = JSON.stringify([...fake.nodes.values()]);
  const objects = JSON.stringify([...fake.objects.values()]);
  fake.pods.clear();
  return {
    ...fake.access(),
    listNodes: async () => JSON.parse(nodes) as V1Node[],
    listNodeObjects: async () => JSON.parse(objects) as HostRoutingNodeObject[],
    async eachPodPage(onPage) {
      for (const page of pages) onPage(JSON.parse(page) as V1Pod[]);
    },
  };
}

type Preflight = { readonly ms: number; readonly firstMs: number; readonly findings: readonly Finding[]; readonly addedBytes: number };

/** Looks at the nodes, asks the API server and runs every rule, anew each time. */
async function preflight(): Promise<Preflight> {
  const access = writtenAnswers(largeCluster());
  const policy = { ...productionPolicy, nodeAction: "DrainAndSwitch" as const };
  const before = process.resourceUsage().maxRSS;
  const took: number[] = [];
  let findings: readonly Finding[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    const from = performance.now();
    const { facts, cilium } = await observeCluster(access, []);
    const question = {
      cluster: clusterRecord(),
      operation: undefined,
      maintenance: {},
      policy,
      nodes: facts,
      managedPolicy: undefined,
      cilium,
      now: as<Instant>(0),
    };
    ({ findings } = await checkPreflight({ access, bundle: BUNDLE, memory: undefined }, question));
    took.push(performance.now() - from);
  }
  const addedBytes = (process.resourceUsage().maxRSS - before) * 1_024;
  return { ms: median(took), firstMs: took[0] ?? 0, findings, addedBytes };
}

type Phase = { readonly phase: string; readonly rounds: number; readonly ms: number; readonly worstMs: number };

/** Takes a cluster through a whole rollout with canaries and batches, and times each of the engine's rounds by its phase. */
function decisions(): readonly Phase[] {
  const { canaryPerStratum, batchPlan, maxUnavailable } = productionPolicy;
  const simulation = new Simulation({ canaryPerStratum, batchPlan, maxUnavailable, progressDeadlineMs: 86_400_000 });
  for (let index = 0; index < DECIDED_NODES; index += 1) simulation.addNode(`n${index}`).image = `image ${index % 4}`;
  simulation.request("BpfVeth");
  const byPhase = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS_MAX && simulation.operation !== undefined; round += 1) {
    const snapshot = simulation.snapshot();
    const from = process.threadCpuUsage();
    const decided: Decision = decide(snapshot, as<Instant>(simulation.nowMs));
    const { user, system } = process.threadCpuUsage(from);
    const took = (user + system) / 1_000;
    const phase = snapshot.operation?.phase ?? decided.status.state;
    byPhase.set(phase, [...(byPhase.get(phase) ?? []), took]);
    simulation.step();
  }
  if (simulation.last?.operation?.phase !== "Succeeded")
    throw new Error(`the rollout ended ${simulation.last?.operation?.phase ?? "never"}`);
  return [...byPhase].map(([phase, took]) => ({ phase, rounds: took.length, ms: median(took), worstMs: Math.max(...took) }));
}

const share = (value: number, goal: number): string => `${((100 * value) / goal).toFixed(1)} %`;

function pageOf(checked: Preflight, phases: readonly Phase[]): string {
  const outcomes = Map.groupBy(checked.findings, ({ outcome }) => outcome);
  const counts = [...outcomes].map(([outcome, all]) => `${all.length} ${outcome}`).join(", ");
  const rows = phases.map(({ phase, rounds, ms, worstMs }) => `| ${phase} | ${rounds} | ${ms.toFixed(1)} ms | ${worstMs.toFixed(1)} ms |`);
  return `# Preflight and decisions of large clusters

\`npm run bench:preflight\`, ${cpus().length} processors (${cpus()[0]?.model ?? "unknown"}), Node ${process.versions.node}. The cluster is a fake in the same process; its answers are read from the text that a real one would send, and no network is in the figures.

## Preflight: ${NODES} nodes, ${PODS} pods

From the look at the nodes to the findings of ${checked.findings.length} rules (${counts}), with agents' reports and where nodes are drained.

| Figure | Measured | Of the goal |
| --- | --- | --- |
| Median of ${LOOKS} | ${checked.ms.toFixed(0)} ms | ${share(checked.ms, PREFLIGHT_MAX_MS)} of ${PREFLIGHT_MAX_MS / 1_000} s |
| The first | ${checked.firstMs.toFixed(0)} ms | ${share(checked.firstMs, PREFLIGHT_MAX_MS)} |
| Memory added to what the fake keeps, at its peak | ${(checked.addedBytes / MEBIBYTE).toFixed(0)} MiB | reported |

## \`decide\`: ${DECIDED_NODES} nodes

A whole rollout with the canaries and batches of production; each round is decided once for the figure, by the thread's own
processor time: what else runs on the machine is not in it. The goal is a median of ${DECIDE_MAX_MS} ms in every phase.

| Phase | Rounds | Median | Worst |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}

const checked = await preflight();
const phases = decisions();
const page = pageOf(checked, phases);
process.stdout.write(page);
const slowest = Math.max(...phases.map(({ ms }) => ms));
const isWell = checked.ms <= PREFLIGHT_MAX_MS && slowest <= DECIDE_MAX_MS;
writeFileSync(PAGE, page);
process.stdout.write(`preflight ${share(checked.ms, PREFLIGHT_MAX_MS)}, decide ${share(slowest, DECIDE_MAX_MS)} of what is allowed\n`);
if (!isWell) process.exitCode = 1;
