import type { ClusterId } from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import { FakeCluster } from "@hostrouting/kube/fake";
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Process, Scheduler } from "./scheduler.ts";

/** What of a node is not in its objects: its clock, its agent's moods, whether somebody cordoned it. */
export type NodeTruth = {
  readonly uid: string;
  readonly name: string;
  bootId: string;
  bootedAtMs: number;
  silentUntilMs: number;
  clockAheadMs: number;
  paceMs: number;
  cordonedByUser: boolean;
};

type Watcher = { readonly process: Process; readonly onChange: () => void };

const AGENT_PACE_MS = 1_000;
const WATCH_DELAY_MAX_MS = 300;
const PODS_PER_NODE = 2;
/** Pods whose name begins so are kept by a disruption budget. */
export const BUDGETED = "cart";

/** One managed cluster with its machines: a fake API server, agents that act at their own pace, watches that tell of changes. */
export class SimulatedCluster {
  readonly id: ClusterId;
  readonly name: string;
  readonly fake = new FakeCluster();
  readonly truths = new Map<string, NodeTruth>();
  /** Grows with everything that happens in it. */
  version = 0;
  /** Until then its disruption budget lets no pod go. */
  budgetBlockedUntilMs = 0;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #watchers = new Set<Watcher>();
  #named = 0;
  #pods = 0;

  constructor(given: { id: ClusterId; name: string; scheduler: Scheduler; random: Random; faults: Faults }) {
    this.id = given.id;
    this.name = given.name;
    this.#scheduler = given.scheduler;
    this.#random = given.random;
    this.#faults = given.faults;
    this.fake.nowMs = given.scheduler.nowMs;
    this.fake.budgets.push({ namespace: "shop", name: BUDGETED, podPrefix: BUDGETED, allowed: 1 });
  }

  /** A machine joins; with a name it takes the place of one that left. */
  addNode(name?: string): void {
    this.#named += 1;
    const node = name ?? `${this.name}-n${this.#named}`;
    const uid = `uid-${this.name}-${this.#named}`;
    const bootId = `boot-${this.#named}`;
    this.fake.addNode(node, uid, bootId);
    const bootedAtMs = this.#scheduler.nowMs;
    const truth = { uid, name: node, bootId, bootedAtMs, silentUntilMs: 0, clockAheadMs: 0, paceMs: AGENT_PACE_MS, cordonedByUser: false };
    this.truths.set(uid, truth);
    for (let pods = 0; pods < PODS_PER_NODE; pods += 1) this.#addPod(node);
    this.changed();
    this.#agentLater(truth);
  }

  removeNode(name: string): void {
    this.fake.removeNode(name);
    for (const truth of [...this.truths.values()]) if (truth.name === name) this.truths.delete(truth.uid);
    this.changed();
  }

  reboot(truth: NodeTruth): void {
    this.#named += 1;
    truth.bootId = `boot-${this.#named}`;
    truth.bootedAtMs = this.#scheduler.nowMs;
    this.fake.reboot(truth.name, truth.bootId);
    this.changed();
  }

  /** The API server's watch, as a process opens it. */
  watch(process: Process, onChange: () => void): ReturnType<ClusterAccess["watch"]> {
    const watcher = { process, onChange };
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }

  /** Something is different: whoever watches hears of it, sooner or later, in any order, or not at all. */
  changed(): void {
    this.version += 1;
    for (const watcher of this.#watchers) {
      if (watcher.process.isDead) this.#watchers.delete(watcher);
      else if (!this.#faults.strikes("WatchSilent", 0.3)) this.#tellLater(watcher);
    }
  }

  /** What evictions took is made again on another node, and a budget that was used up is free again after a while. */
  replacePods(): void {
    const budget = this.fake.budgets[0];
    if (budget !== undefined) budget.allowed = this.budgetBlockedUntilMs > this.#scheduler.nowMs ? 0 : 1;
    const ready = [...this.truths.values()].filter(({ name }) => this.fake.nodes.get(name)?.spec?.unschedulable !== true);
    const wanted = this.truths.size * PODS_PER_NODE;
    const there = [...this.fake.pods.values()].filter((pod) => pod.metadata?.namespace === "shop").length;
    if (ready.length > 0 && there < wanted) this.#addPod(this.#random.pick(ready).name);
  }

  #addPod(node: string): void {
    this.#pods += 1;
    this.fake.addPod("shop", `${this.#pods % 2 === 0 ? BUDGETED : "web"}-${this.#pods}`, node);
  }

  #tellLater({ process, onChange }: Watcher): void {
    const ms = this.#random.between(1, WATCH_DELAY_MAX_MS);
    this.#scheduler.after(ms, `${process.name} hears of ${this.name}`, { owner: process, run: onChange });
  }

  #agentLater(truth: NodeTruth): void {
    const ms = Math.ceil(truth.paceMs * (0.5 + this.#random.next()));
    this.#scheduler.after(ms, `agent of ${truth.name} acts`, {
      run: () => {
        if (this.truths.get(truth.uid) !== truth) return;
        this.#runAgent(truth);
        this.#agentLater(truth);
      },
    });
  }

  #runAgent({ name, silentUntilMs, clockAheadMs }: NodeTruth): void {
    const { nowMs } = this.#scheduler;
    this.fake.nowMs = nowMs;
    const before = this.#said(name);
    this.fake.runAgent(name, { clockMs: nowMs + clockAheadMs, isSilent: silentUntilMs > nowMs || this.fake.unreachable });
    this.version += 1;
    if (this.#said(name) !== before) this.changed();
  }

  #said(name: string): string {
    const { observedGeneration, effectiveMode, confirmed, reason, bootID } = this.fake.objects.get(name)?.status ?? {};
    return `${this.fake.pods.has(`acns-hostrouting/hostrouting-agent-${name}`)} ${observedGeneration} ${effectiveMode} ${confirmed} ${reason} ${bootID}`;
  }
}
