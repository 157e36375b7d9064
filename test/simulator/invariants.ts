import { acceptedIsNeverLost } from "./invariants/accepted-is-never-lost.ts";
import { budgetIsKept } from "./invariants/budget-is-kept.ts";
import { bundlesGoInOrder } from "./invariants/bundles-go-in-order.ts";
import { cordonsEnd } from "./invariants/cordons-end.ts";
import { disruptionBudgetsHold } from "./invariants/disruption-budgets-hold.ts";
import { enabledIsVerified } from "./invariants/enabled-is-verified.ts";
import { endedStaysEnded } from "./invariants/ended-stays-ended.ts";
import { everythingEnds } from "./invariants/everything-ends.ts";
import { gatesAreKept } from "./invariants/gates-are-kept.ts";
import { historyHasNoGap } from "./invariants/history-has-no-gap.ts";
import type { Invariant } from "./invariants/invariant.ts";
import { labelTellsTheTruth } from "./invariants/label-tells-the-truth.ts";
import { oneActorAtOnce } from "./invariants/one-actor-at-once.ts";
import { oneOperationAtOnce } from "./invariants/one-operation-at-once.ts";
import { ordersGoOn } from "./invariants/orders-go-on.ts";
import { placesAreKept } from "./invariants/places-are-kept.ts";
import { recordedBeforeDone } from "./invariants/recorded-before-done.ts";
import { rolledBackIsBack } from "./invariants/rolled-back-is-back.ts";
import { statusTellsTheTruth } from "./invariants/status-tells-the-truth.ts";
import { windowsAreKept } from "./invariants/windows-are-kept.ts";
import type { People } from "./people.ts";
import type { SimulatedWorld } from "./simulated-world.ts";
import type { Call, CallListener } from "./wire.ts";

/** What did not hold, and when. */
export type Broken = { readonly invariant: string; readonly what: string; readonly atMs: number };

const ALL = [
  acceptedIsNeverLost,
  oneOperationAtOnce,
  oneActorAtOnce,
  budgetIsKept,
  enabledIsVerified,
  labelTellsTheTruth,
  statusTellsTheTruth,
  cordonsEnd,
  historyHasNoGap,
  endedStaysEnded,
  disruptionBudgetsHold,
  everythingEnds,
  recordedBeforeDone,
  rolledBackIsBack,
  bundlesGoInOrder,
  windowsAreKept,
  gatesAreKept,
  placesAreKept,
  ordersGoOn,
];

/** Asks every invariant whenever what it looks at may have changed; remembers the first that was broken. */
export class Invariants implements CallListener {
  broken: Broken | undefined;
  /** Questions that were asked. */
  count = 0;
  readonly #world: SimulatedWorld;
  readonly #all: readonly Invariant[];
  readonly #clusterVersions = new Map<string, number>();
  #storeVersion = -1;

  constructor(world: SimulatedWorld, people: People) {
    this.#world = world;
    this.#all = ALL.map((make) => make({ world, people }));
  }

  /** The names of all of them. */
  get names(): readonly string[] {
    return this.#all.map(({ name }) => name);
  }

  afterStep(): void {
    const { store, clusters } = this.#world;
    if (store.version !== this.#storeVersion) {
      this.#storeVersion = store.version;
      this.#ask((invariant) => invariant.storeChanged?.());
    }
    for (const cluster of clusters) {
      if (this.#clusterVersions.get(cluster.id) === cluster.version) continue;
      this.#clusterVersions.set(cluster.id, cluster.version);
      this.#ask((invariant) => invariant.clusterChanged?.(cluster));
    }
  }

  issued(call: Call): void {
    this.#ask((invariant) => invariant.issued?.(call));
  }

  effected(call: Call, answer: unknown): void {
    this.#ask((invariant) => invariant.effected?.(call, answer));
  }

  settled(): void {
    this.#ask((invariant) => invariant.settled?.());
  }

  switchedOff(): void {
    this.#ask((invariant) => invariant.switchedOff?.());
  }

  #ask(question: (invariant: Invariant) => string | undefined): void {
    if (this.broken !== undefined) return;
    for (const invariant of this.#all) {
      this.count += 1;
      const what = question(invariant);
      if (what === undefined) continue;
      this.broken = { invariant: invariant.name, what, atMs: this.#world.scheduler.nowMs };
      this.#world.scheduler.tell(`BROKEN ${invariant.name}: ${what}`);
      return;
    }
  }
}
