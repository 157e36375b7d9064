import { as, type AccelerationMode, type ClusterId, type OperationId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { ArmError } from "../../services/control-plane/src/arm/arm-error.ts";
import type { Principal } from "../../services/control-plane/src/arm/principal.ts";
import { decideCancel } from "../../services/control-plane/src/enablement/decide-cancel.ts";
import { decidePut } from "../../services/control-plane/src/enablement/decide-put.ts";
import { decideRollback } from "../../services/control-plane/src/enablement/decide-rollback.ts";
import { decideUpgrade } from "../../services/control-plane/src/enablement/decide-upgrade.ts";
import { decideVerb, type Ask } from "../../services/control-plane/src/enablement/decide-verb.ts";
import { converterOf } from "../../services/control-plane/src/versions/cluster-converter.ts";
import type { Process } from "./scheduler.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 25_000;
const people: readonly Principal[] = ["ann", "bob"].map((name) => ({ tenantId: "t", objectId: name, name, type: "User" }));

/** What people ask for, through the same decisions as the control plane's; what was accepted is remembered. */
export class People {
  /** Operations whose request took effect. */
  readonly accepted = new Map<OperationId, ClusterId>();
  readonly #world: SimulatedWorld;
  readonly #clusters: SimulatedWorld["store"]["clusters"];
  #requests = 0;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    const browser: Process = { name: "people", isDead: false, pausedUntilMs: 0 };
    this.#clusters = world.wire.connect(world.store.clusters, { process: browser, port: "store" });
  }

  /** Asks for something now and then, for as long as faults are on. */
  start(): void {
    const { scheduler, random, clusters, faults } = this.#world;
    for (const { id } of clusters) this.put(id, "BpfVeth");
    const next = (): void => {
      scheduler.after(random.between(PAUSE_MIN_MS, PAUSE_MAX_MS), "somebody wants something", {
        run: () => {
          if (!faults.areOn) return;
          this.#askSomething(random.pick(clusters).id);
          next();
        },
      });
    };
    next();
  }

  /** Asks for a mode, as `az aks update` does. */
  put(id: ClusterId, mode: AccelerationMode): void {
    const { name } = this.#world.managed(id);
    const { operationId, etag, now } = this.#newRequest();
    const put = {
      name,
      request: { properties: { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: mode } } } } },
      claimedState: undefined,
      converter: converterOf("2026-04-01"),
      preconditions: { ifMatch: undefined, ifNoneMatch: undefined },
      principal: people[0]!,
      operationId,
      etag,
      now,
    };
    this.#change(id, mode, (locked) => {
      const { change, result } = decidePut(locked, put);
      return this.#begun(id, { ...(change && { change }), result });
    });
  }

  /** Asks for what was switched to be taken back. */
  rollback(id: ClusterId): void {
    const { name } = this.#world.managed(id);
    const request = { name, principal: this.#world.random.pick(people), ...this.#newRequest() };
    this.#change(id, "rollback", (locked) => this.#begun(id, decideRollback(locked, request)));
  }

  /** Asks for the newest bundle. */
  upgrade(id: ClusterId): void {
    const { name } = this.#world.managed(id);
    const request = { name, principal: this.#world.random.pick(people), ...this.#newRequest() };
    this.#change(id, "upgrade", (locked) => this.#begun(id, decideUpgrade(locked, request)));
  }

  /** Asks the operation that is under way for something. */
  ask(id: ClusterId, ask: Ask | "cancel"): void {
    const { name } = this.#world.managed(id);
    const principal = this.#world.random.pick(people);
    const status = this.#world.store.look().clusters.get(id)?.status;
    this.#change(id, ask === "cancel" ? ask : ask.verb, (locked) => {
      if (ask === "cancel") return decideCancel(locked, name, principal);
      const decided = decideVerb(locked, { ask, name, principal, status });
      const operationId = locked?.active?.id;
      if (ask.verb === "approve" && decided.change !== undefined && operationId !== undefined)
        this.#world.answers.yes(operationId, ask.gate);
      return decided;
    });
  }

  /** Answers what waits for people: resumes what is paused, approves what is asked. Whether there was anything. */
  attend(id: ClusterId): void {
    const { active } = this.#locked(id);
    if (active?.control.pause !== undefined) this.ask(id, { verb: "resume" });
    if (active?.control.pending?.kind === "Approval") this.ask(id, { verb: "approve", gate: active.control.pending.gate, comment: "fine" });
  }

  /** Remembers the operation that a decision begins. */
  #begun<T extends { readonly change?: ClusterChange }>(id: ClusterId, decided: T): T {
    const { begin } = decided.change ?? {};
    if (begin !== undefined) this.accepted.set(begin.id, id);
    return decided;
  }

  /** The ids and the time that come with a request. */
  #newRequest(): { readonly operationId: OperationId; readonly etag: string; readonly now: string } {
    this.#requests += 1;
    const now = new Date(this.#world.scheduler.nowMs).toISOString();
    return { operationId: as<OperationId>(`op-${this.#requests}`), etag: `etag-${this.#requests}`, now };
  }

  #askSomething(id: ClusterId): void {
    const { random } = this.#world;
    const node = random.pick([...this.#world.cluster(id).truths.values()]).name;
    const gate = this.#locked(id).active?.control.pending?.gate ?? "board";
    const wishes: readonly (() => void)[] = [
      () => this.put(id, "BpfVeth"),
      () => this.put(id, "BpfVeth"),
      () => this.put(id, "None"),
      () => this.ask(id, "cancel"),
      () => this.rollback(id),
      () => this.upgrade(id),
      () => this.ask(id, { verb: "pause" }),
      () => this.ask(id, { verb: "resume" }),
      () => this.ask(id, { verb: "resume" }),
      () => this.ask(id, { verb: "retry", request: { kind: "Retry", node: random.chance(0.5) ? node : undefined } }),
      () => this.ask(id, { verb: "skip", request: { kind: "Skip", node, reason: "not this one", by: "ann" } }),
      () => this.ask(id, { verb: "approve", gate, comment: "fine" }),
      () => this.ask(id, { verb: "approve", gate, comment: "fine" }),
      () => this.ask(id, { verb: "reject", gate, comment: "not now" }),
    ];
    random.pick(wishes)();
  }

  #locked(id: ClusterId): { readonly active: LockedCluster["active"] } {
    const { activeOperationId } = this.#world.managed(id);
    return { active: activeOperationId === undefined ? undefined : this.#world.store.look().operations.get(activeOperationId) };
  }

  #change(id: ClusterId, what: string, decide: (locked: LockedCluster | undefined) => { change?: ClusterChange; result: unknown }): void {
    const { scheduler } = this.#world;
    this.#clusters.change(id, decide).then(
      (result) => {
        const said = result instanceof ArmError ? `${result.status} ${result.message}` : "accepted";
        scheduler.tell(`${id.split("/").at(-1)}: ${what}: ${said}`);
        this.#world.ring(id);
      },
      (error: unknown) => scheduler.tell(`${what}: ${String(error)}`),
    );
  }
}
