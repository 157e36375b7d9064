import { as, shareOf, type Instant, type NodeRollout, type Operation } from "@hostrouting/domain";
import { analysisWait } from "./analysis/analyse.ts";
import { isIllForNow, isReached, isWanted } from "./failure-budget.ts";
import { closedGate, isGateWait } from "./policy-gates.ts";
import type { Round, RoundNode } from "./round.ts";
import type { NodeObservation } from "./snapshot.ts";
import { CLUSTER, type WaitDraft } from "./waits.ts";

/** The stage of the canaries; batches count from 1. */
const CANARIES = 0;

/** Since when the last of these nodes is enabled; nothing when none is. */
function lastEnabled(nodes: readonly RoundNode[]): Instant | undefined {
  const times = nodes.filter(({ record }) => record.phase === "Enabled").map(({ record }) => record.since as number);
  return times.length === 0 ? undefined : as<Instant>(Math.max(...times));
}

/** Until when nodes soak that were all enabled by then; nothing when that is over. */
function soakEnd(round: Round, nodes: readonly RoundNode[], soakMs: number): Instant | undefined {
  const since = lastEnabled(nodes);
  return since === undefined || round.now - since >= soakMs ? undefined : as<Instant>(since + soakMs);
}

/** Why an operation that has switched all nodes does not end yet, or nothing. */
export function finalSoak(round: Round, nodes: readonly RoundNode[]): WaitDraft | undefined {
  const switched = nodes.filter(({ record }) => record.stage !== undefined);
  const until = soakEnd(round, switched, round.snapshot.policy.finalSoakMs);
  return until && { reason: "FinalSoaking", subject: CLUSTER, message: "All nodes must stay well for a while.", until };
}

/** Whether a wait holds the operation though no node is left to be started. */
export function holdsOperation(wait: WaitDraft): boolean {
  return isGateWait(wait) || (wait.reason === "AnalysisRunning" && wait.subject === CLUSTER);
}

/** Whose turn it is: the stage, how many more may join it, and why nobody may. */
type Turn = { readonly stage: number; readonly room: Map<string, number>; readonly waits: readonly WaitDraft[] };

/**
 * Whose turn it is: first the canaries of each kind of node, then batch by batch, each only when the one before is enabled and has soaked.
 * Derived from the records in every round: each node's says with which stage it was started. A node that cannot be started for reasons of
 * its own takes no place, so the next one of its kind or batch goes instead. A canary that fails proves nothing: another one takes its place,
 * as long as the budgets of failures allow.
 */
export class StageGate {
  /** Why it is nobody's turn, where that is a matter of time or of a gate. */
  readonly waits: readonly WaitDraft[];
  readonly #round: Round;
  readonly #operation: Operation;
  /** The stage that may start nodes now; earlier ones may start theirs again. */
  readonly #stage: number;
  /** How many more nodes may join the stage: by kind for canaries, under "" for a batch. */
  readonly #room: Map<string, number>;

  constructor(round: Round, operation: Operation) {
    this.#round = round;
    this.#operation = operation;
    const { stage, room, waits } = this.#canaryTurn();
    this.#stage = stage;
    this.#room = room;
    this.waits = waits;
  }

  /** With which stage a node would be started now; nothing when it is not its turn. */
  stageOf(record: NodeRollout, seen: NodeObservation): number | undefined {
    if (record.stage !== undefined && record.stage <= this.#stage) return record.stage;
    return (this.#room.get(this.#kind(seen)) ?? 0) > 0 ? this.#stage : undefined;
  }

  /** A node is started: unless it was the stage's before, it takes a place in it. */
  take(record: NodeRollout, seen: NodeObservation): void {
    if (record.stage !== undefined && record.stage <= this.#stage) return;
    const kind = this.#kind(seen);
    this.#room.set(kind, (this.#room.get(kind) ?? 0) - 1);
  }

  #kind(seen: NodeObservation): string {
    return this.#stage === CANARIES ? seen.stratum : "";
  }

  #members(stage: number): readonly RoundNode[] {
    return this.#round.nodes.filter(({ record }) => record.stage === stage);
  }

  #isSettled(node: RoundNode): boolean {
    return isReached(this.#round, node) || node.record.phase === "Failed" || !isWanted(this.#round, node);
  }

  /** Whether every node is where the operation wants it, so that nothing waits for a soak. */
  #isDone(): boolean {
    return this.#round.nodes.every((node) => this.#isSettled(node));
  }

  /** Whether a node of a stage is ill: nothing comes after it until it is well, or counts as blocked. Its own wait says why. */
  #isIll(members: readonly RoundNode[]): boolean {
    return members.some((node) => isIllForNow(this.#round, node));
  }

  #canaryTurn(): Turn {
    const room = this.#canaryRoom();
    const canaries = this.#members(CANARIES);
    if (room.size > 0 || !canaries.every((node) => this.#isSettled(node))) {
      const closed = canaries.length === 0 ? this.#closed({ at: "BeforeCanaries" }) : undefined;
      return closed ?? { stage: CANARIES, room, waits: [] };
    }
    if (this.#isIll(canaries)) return { stage: CANARIES, room: new Map(), waits: [] };
    const until = soakEnd(this.#round, canaries, this.#round.snapshot.policy.canarySoakMs);
    const soaking = until && { reason: "CanarySoaking" as const, message: "The canaries must stay well for a while.", until };
    const analysing = analysisWait(this.#round, this.#operation);
    if (analysing !== undefined)
      return { stage: CANARIES, room: new Map(), waits: [analysing, ...(this.#soaking(CANARIES, soaking)?.waits ?? [])] };
    // Without canaries, since they have left or what was enabled before proves as much, batches are asked for all the same.
    const isAsked = canaries.length > 0 || !this.#isDone();
    const closed = this.#soaking(CANARIES, soaking) ?? (isAsked ? this.#closed({ at: "AfterCanaries" }) : undefined);
    return closed ?? this.#batchTurn(Math.max(1, ...this.#round.nodes.map(({ record }) => record.stage ?? 1)));
  }

  #batchTurn(batch: number): Turn {
    const room = this.#batchRoom(batch);
    const members = this.#members(batch);
    const open: Turn = { stage: batch, room: new Map([["", room]]), waits: [] };
    if (members.length === 0) return (room > 0 ? this.#closed({ at: "BeforeBatch", batch }) : undefined) ?? open;
    if (room > 0 || !members.every((node) => this.#isSettled(node))) return open;
    if (this.#isIll(members)) return { stage: batch, room: new Map(), waits: [] };
    const until = soakEnd(this.#round, members, this.#round.snapshot.policy.batchSoakMs);
    const soaking = until && { reason: "BatchSoaking" as const, message: `Batch ${batch} must stay well for a while.`, until };
    return this.#soaking(batch, soaking) ?? this.#closed({ at: "AfterBatch", batch }) ?? this.#batchTurn(batch + 1);
  }

  /** Nobody's turn until a stage has soaked; when nothing comes after it, nothing waits for that. */
  #soaking(stage: number, wait: Omit<WaitDraft, "subject"> | undefined): Turn | undefined {
    if (wait === undefined || this.#isDone()) return undefined;
    return { stage, room: new Map(), waits: [{ ...wait, subject: CLUSTER }] };
  }

  /** Nobody's turn until a gate opens; what was started before may be started again. */
  #closed(place: Parameters<typeof closedGate>[2]): Turn | undefined {
    const wait = closedGate(this.#round, this.#operation, place);
    const stage = place.at === "BeforeBatch" ? (place.batch ?? 1) - 1 : (place.batch ?? CANARIES);
    return wait && { stage, room: new Map(), waits: [wait] };
  }

  /** Kinds of nodes that need further canaries, with how many. A node that is enabled already proves as much as a canary. */
  #canaryRoom(): Map<string, number> {
    const byKind = Map.groupBy(
      this.#round.nodes.filter((node) => isWanted(this.#round, node) && node.record.phase !== "Failed"),
      ({ seen }) => seen.stratum,
    );
    const room = [...byKind].map(([kind, nodes]) => {
      const able = nodes.filter(({ record, seen }) => record.phase === "Enabled" || this.#round.refusalOf(seen) === undefined);
      const proving = nodes.filter((node) => isReached(this.#round, node) || node.record.stage !== undefined);
      return [kind, Math.min(this.#round.snapshot.policy.canaryPerStratum, able.length) - proving.length] as const;
    });
    return new Map(room.filter(([, count]) => count > 0));
  }

  /** How many more nodes a batch takes. The last one takes all. */
  #batchRoom(batch: number): number {
    const candidates = this.#round.nodes.filter((node) => node.record.stage === undefined && !this.#isSettled(node)).length;
    const size = this.#round.snapshot.policy.batchPlan[batch - 1];
    if (size === undefined) return candidates;
    const eligible = this.#round.nodes.filter(({ seen }) => seen.ineligible === undefined).length;
    return Math.min(candidates, Math.max(0, shareOf(size, eligible, "Up") - this.#members(batch).length));
  }
}
