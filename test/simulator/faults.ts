import type { Random } from "./random.ts";

/** What can strike a single call of a worker. */
export const callFaults = [
  /** The worker dies before its request is sent. */
  "CrashBeforeCall",
  /** The worker dies after the call took effect and before it knows. */
  "CrashAfterCall",
  /** The worker stands still for up to three leases (a long garbage collection, a suspended machine). */
  "Pause",
  /** Nothing arrives; the caller sees an error. */
  "LostRequest",
  /** It took effect; the caller sees an error. */
  "LostAnswer",
  /** The caller sees an error, and the request takes effect later all the same, maybe under another's lease. */
  "LateEffect",
  /** A list of the API server is one of before. */
  "StaleRead",
  /** The answer takes seconds. */
  "SlowAnswer",
] as const;

/** What happens to the world. */
export const worldFaults = [
  "WorkerCrash",
  "WorkerClockStep",
  "DatabaseAway",
  "ApiServerAway",
  "WatchSilent",
  "BellLost",
  "NodeFlaps",
  "NodeGone",
  "NodeReplaced",
  "NodeReboots",
  "NodeJoins",
  "AgentSilent",
  "AgentSlow",
  "AgentClockStep",
  "ProbesFail",
  "ConfirmMissed",
  "BudgetBlocks",
  "CordonByOthers",
  "PolicyEdited",
  "NodeObjectDeleted",
  "BundleDeleted",
  "EmergencyOff",
  "NewRelease",
] as const;

export type CallFault = (typeof callFaults)[number];
export type WorldFault = (typeof worldFaults)[number];
export type FaultKind = CallFault | WorldFault;

/** The faults of one run: each seed draws some kinds and leaves others out, since faults that always come together hide one another. */
export class Faults {
  readonly counts = new Map<FaultKind, number>();
  readonly world: readonly WorldFault[];
  readonly #calls: readonly CallFault[];
  readonly #share: number;
  readonly #random: Random;
  areOn = true;

  /** @param world the kinds that strike the world, where the dice do not decide */
  constructor(random: Random, world?: readonly WorldFault[]) {
    this.#random = random;
    this.#calls = callFaults.filter(() => random.chance(0.5));
    this.world = world ?? worldFaults.filter(() => random.chance(0.5));
    this.#share = random.pick([0, 0.001, 0.003, 0.01, 0.03]);
  }

  /** Whether, and how, this call is struck. */
  ofCall(unlikely: readonly CallFault[]): CallFault | undefined {
    if (!this.areOn || this.#calls.length === 0 || !this.#random.chance(this.#share)) return undefined;
    const kind = this.#random.pick(this.#calls);
    if (unlikely.includes(kind)) return undefined;
    this.count(kind);
    return kind;
  }

  /** Whether the kind is drawn in this run and strikes now, at the share given. */
  strikes(kind: WorldFault, share: number): boolean {
    if (!this.areOn || !this.world.includes(kind) || !this.#random.chance(share)) return false;
    this.count(kind);
    return true;
  }

  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}
