import type { AdmissionLimits, Bundle, ClusterId, ManagedCluster, RolloutPolicy } from "@hostrouting/domain";
import { FakeStore } from "@hostrouting/store/fake";
import type { RoundDeps } from "../../services/rollout-worker/src/cluster-round.ts";
import { makeCluster } from "../../services/control-plane/src/testing/test-cluster.ts";
import { Faults, type WorldFault } from "./faults.ts";
import { GateAnswers } from "./gate-answers.ts";
import { drawAdmission, drawPolicy, drawWindows, type Windows } from "./policies.ts";
import { Random } from "./random.ts";
import { Scheduler, type Process } from "./scheduler.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";
import { startSimulatedWorker } from "./simulated-worker.ts";
import { Wire, type Call, type CallListener } from "./wire.ts";

/** A wrong product, made by putting something between a worker and its ports; in tests of the simulator only. */
export type PlantedBug = (deps: RoundDeps, given: { readonly process: Process; readonly world: SimulatedWorld }) => RoundDeps;

/** What a run is made of. */
export type WorldOptions = {
  readonly seed: number;
  readonly clusters: number;
  readonly nodes: number;
  readonly bug?: PlantedBug | undefined;
  readonly given?: Given | undefined;
};

/** What the dice do not decide. */
export type Given = {
  readonly policy?: Partial<RolloutPolicy>;
  readonly faults?: readonly WorldFault[];
  readonly hasWindows?: boolean;
  readonly admission?: AdmissionLimits;
};

const WORKERS = 2;
const RESTART_MAX_MS = 20_000;
const BELL_DELAY_MAX_MS = 100;
const ROLLING_MAX_MS = 20_000;
/** Some day; nothing depends on which. */
const BEGIN_MS = Date.parse("2026-01-01T00:00:00Z");

/** The bundle of a release, which comes with its workers. */
function bundleOf(release: number): Bundle {
  return { image: `localhost/acns-hostrouting/bundle:${release}`, digest: `sha256:${release.toString(16).padStart(64, "0")}` };
}

/** Everything there is in one run: a store, clusters with their machines, workers that die and come back. */
export class SimulatedWorld {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly store: FakeStore;
  readonly wire: Wire;
  readonly clusters: readonly SimulatedCluster[];
  readonly policies = new Map<ClusterId, RolloutPolicy>();
  /** Absent where nodes may be started at any time. */
  readonly windows = new Map<ClusterId, Windows>();
  readonly admission: AdmissionLimits;
  readonly answers: GateAnswers;
  readonly bug: PlantedBug | undefined;
  /** Those that are told of every call, in this order. */
  readonly listeners: CallListener[] = [];
  readonly workers = new Map<number, Process>();
  /** The bundle that workers which start now roll out. */
  bundle = bundleOf(1);
  #releases = 1;
  readonly #bells = new Map<Process, (clusterId: ClusterId) => void>();
  #incarnations = 0;

  readonly #given: Given;

  constructor({ seed, clusters, nodes, bug, given = {} }: WorldOptions) {
    this.random = new Random(seed);
    this.scheduler = new Scheduler(this.random, BEGIN_MS);
    this.faults = new Faults(this.random, given.faults);
    this.#given = given;
    this.bug = bug;
    this.admission = given.admission ?? drawAdmission(this.random);
    this.answers = new GateAnswers(this);
    const { random, scheduler, faults } = this;
    this.store = new FakeStore(() => scheduler.nowMs);
    const listener = {
      issued: (call: Call) => this.listeners.forEach((each) => each.issued(call)),
      effected: (call: Call, answer: unknown) => {
        if (call.port === "cluster") this.#clusterCalled(call);
        this.listeners.forEach((each) => each.effected(call, answer));
      },
    };
    this.wire = new Wire({ scheduler, random, faults, listener, crash: (process) => this.crash(process) });
    this.clusters = Array.from({ length: clusters }, (_, index) => {
      const { id, name } = makeCluster(`c${index + 1}`);
      const cluster = new SimulatedCluster({ id, name, scheduler, random, faults });
      for (let count = 0; count < nodes; count += 1) cluster.addNode();
      return cluster;
    });
  }

  /** Registers the clusters and starts the workers. */
  async begin(): Promise<void> {
    for (const { id, name } of this.clusters) {
      const policy = { ...drawPolicy(this.random, BEGIN_MS), ...this.#given.policy };
      this.policies.set(id, policy);
      await this.store.clusters.register(makeCluster(name), policy);
      if (this.#given.hasWindows ?? this.random.chance(0.25)) await this.#giveWindows(id);
    }
    for (let worker = 1; worker <= WORKERS; worker += 1) this.#start(worker);
  }

  async #giveWindows(id: ClusterId): Promise<void> {
    const windows = drawWindows(this.random, BEGIN_MS);
    this.windows.set(id, windows);
    await this.store.clusters.change(id, () => ({ change: { maintenance: windows.configurations, history: [] }, result: undefined }));
  }

  cluster(id: ClusterId): SimulatedCluster {
    const found = this.clusters.find((cluster) => cluster.id === id);
    if (found === undefined) throw new Error(`there is no cluster ${id}`);
    return found;
  }

  managed(id: ClusterId): ManagedCluster {
    const row = this.store.look().clusters.get(id);
    if (row === undefined) throw new Error(`the store knows no cluster ${id}`);
    return row.cluster;
  }

  /** What is where, for whoever looks into a broken run. */
  describe(): readonly string[] {
    const { operations, clusters } = this.store.look();
    return this.clusters.flatMap(({ id, name, fake }) => {
      const row = clusters.get(id);
      const own = [...operations.values()].filter(({ clusterId }) => clusterId === id);
      return [
        `${name}: ${row?.cluster.desiredMode} ${row?.cluster.provisioningState}, policy ${JSON.stringify(this.policies.get(id))}`,
        ...own.map((each) => `  ${each.id} ${each.kind} ${each.phase} ${JSON.stringify(each.error ?? {})} ${JSON.stringify(each.control)}`),
        ...[...(row?.nodes.values() ?? [])].map((record) => `  record ${JSON.stringify(record)}`),
        ...[...fake.agents].map(([node, agent]) => `  agent ${node} ${JSON.stringify(agent)}`),
        ...[...fake.nodes.values()].map(({ metadata, spec }) => `  node ${JSON.stringify([metadata, spec])}`),
        ...[...fake.objects.values()].map(({ metadata, spec, status }) => `  object ${JSON.stringify([metadata.name, spec, status])}`),
        `  waits ${JSON.stringify(row?.status?.waits)}`,
      ];
    });
  }

  /** A worker hears bells for as long as it lives. */
  hear(process: Process, listener: (clusterId: ClusterId) => void): void {
    this.#bells.set(process, listener);
  }

  /** Rings for a cluster; each worker hears it in its own time, or not at all. */
  ring(clusterId: ClusterId): void {
    for (const [process, listener] of this.#bells) {
      if (process.isDead || this.faults.strikes("BellLost", 0.5)) continue;
      const ms = this.random.between(1, BELL_DELAY_MAX_MS);
      this.scheduler.after(ms, `${process.name} hears the bell`, { owner: process, run: () => listener(clusterId) });
    }
  }

  /** A process dies where it stands, and another takes its place after a while. */
  crash(process: Process): void {
    // People do not die: what they asked for is lost, and that is all.
    if (process.isDead || ![...this.workers.values()].includes(process)) return;
    process.isDead = true;
    this.#bells.delete(process);
    this.scheduler.tell(`${process.name} dies`);
    for (const [worker, living] of this.workers) {
      if (living !== process) continue;
      this.scheduler.after(this.random.between(500, RESTART_MAX_MS), `worker ${worker} starts`, { run: () => this.#start(worker) });
    }
  }

  /** A new release: its workers take the place of the old ones, one after another, and roll out its bundle. */
  release(): void {
    this.#releases += 1;
    this.bundle = bundleOf(this.#releases);
    for (const process of this.workers.values()) {
      const run = (): void => this.crash(process);
      this.scheduler.after(this.random.between(0, ROLLING_MAX_MS), `${process.name} is replaced`, { run });
    }
  }

  #start(worker: number): void {
    this.#incarnations += 1;
    const process: Process = { name: `w${worker}.${this.#incarnations}`, isDead: false, pausedUntilMs: 0 };
    this.workers.set(worker, process);
    startSimulatedWorker(this, process);
  }

  #clusterCalled(call: Call): void {
    const { clusterId, method } = call;
    if (clusterId !== undefined && /^(apply|delete|patch|evict)/.test(method)) this.cluster(clusterId).changed();
  }
}
