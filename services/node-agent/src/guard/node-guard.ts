import { readdirSync } from "node:fs";
import { join } from "node:path";
import { explain } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import { removeFolder } from "../host-routing/pin-folder.ts";
import { AUDIT_OBJECT, AuditPrograms, type AuditOptions } from "./audit-programs.ts";
import type { Attempt, GuardCounters, GuardMode } from "./guard-layout.ts";
import { GUARD_OBJECTS, GuardPrograms, type DenyingRung, type LoadOptions } from "./guard-programs.ts";
import type { AttemptSource } from "./guard-tables.ts";
import { tryPrograms, type TrialResult } from "./guard-trial.ts";
import type { GuardWish } from "./guard-wish.ts";
import type { Writers } from "./writers.ts";

const RUNGS = Object.keys(GUARD_OBJECTS) as DenyingRung[];
const MS_TO_NS = 1_000_000n;
/** The trial is made again so often, and after every load. */
const TRIAL_EVERY_NS = 3_600_000_000_000n;
/** Pins are looked at so often: somebody who removes them is named within 15 s. */
const PINS_EVERY_NS = 10_000_000_000n;

/** How far the guard gets on this kernel. Audit: rules are told of when they are written, and nobody refuses them. */
export type GuardRung = DenyingRung | "Audit";

/** Where things are. `namespace`: inode of the node's own network namespace; `bootTimeNs`: CLOCK_BOOTTIME. */
export type NodeGuardOptions = {
  readonly pinRoot: string;
  readonly version: string;
  readonly objects: string;
  readonly namespace: number;
  readonly bootTimeNs: () => bigint;
  readonly now: () => number;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  readonly onAttempt: (attempt: Attempt) => void;
  /** Somebody meddled with the guard, which `observe` shows now. */
  readonly onTampered: () => void;
  /** This machine's, unless a test has one of its own. */
  readonly kernel?: GuardKernel | undefined;
};

/** How programs come into the kernel, and how they are tried there. */
export type GuardKernel = {
  readonly adopt: (folder: string) => GuardPrograms | undefined;
  readonly load: (options: LoadOptions) => GuardPrograms;
  readonly loadAudit: (options: AuditOptions) => AuditPrograms;
  readonly remove: (folder: string) => void;
  readonly try: (programs: GuardPrograms | AuditPrograms) => TrialResult;
};

const OWN_KERNEL: GuardKernel = {
  adopt: (folder) => GuardPrograms.adopt(folder),
  load: (options) => GuardPrograms.load(options),
  loadAudit: (options) => AuditPrograms.load(options),
  remove: (folder) => GuardPrograms.remove(folder),
  try: tryPrograms,
};

type Programs = GuardPrograms | AuditPrograms;
type Attached = { readonly programs: Programs; readonly rung: GuardRung; readonly ring: AttemptSource };

/** What somebody did to the guard, pins removed or tables written; how often the same was noticed, and when last. */
export type Tampering = {
  readonly pins: readonly string[];
  readonly tables: readonly string[];
  readonly times: number;
  readonly atMs: number;
};

/** What the guard shows. */
export type GuardObservation = {
  readonly rung: GuardRung;
  /** Strict: it enforces, and new tables and sets need a permit as well. */
  readonly mode: GuardMode | "Strict" | "Off";
  readonly auditUntilMs: number | undefined;
  readonly counters: GuardCounters | undefined;
  readonly trial: TrialResult | undefined;
  readonly tampered: Tampering | undefined;
  /** Since when the guard is attached without a gap, as performance.now() reckons; -Infinity: since before this process. Undefined: it is not. */
  readonly attachedAt: number | undefined;
  readonly fault: string | undefined;
};

/**
 * The life of the guard on this node: found by trial which way refuses, attached before the datapath, taken over from an earlier version
 * without a gap, kept by pins and descriptors. Ending the agent ends nothing, but where nobody can refuse: what tells then is this process.
 */
export class NodeGuard {
  readonly #options: NodeGuardOptions;
  readonly #kernel: GuardKernel;
  readonly #root: string;
  #current: Attached | undefined;
  /** What each way said when it was tried last; ways that do not refuse are not tried again by this process. */
  readonly #tried = new Map<GuardRung, string>();
  #rung: GuardRung | undefined;
  #trial: { result: TrialResult; atNs: bigint } | undefined;
  #pinsAtNs = 0n;
  #tampered: Tampering | undefined;
  readonly #tampering = new Map<string, number>();
  #attachedAt: number | undefined;
  #fault: string | undefined;

  constructor(options: NodeGuardOptions) {
    this.#options = options;
    this.#kernel = options.kernel ?? OWN_KERNEL;
    this.#root = `${options.pinRoot}-guard`;
  }

  /** Which way refuses here; tried once, after `adopt`, with programs that are taken off again. */
  rung(): GuardRung {
    if (this.#current) return this.#current.rung;
    if (this.#rung) return this.#rung;
    const attached = this.#attach();
    if (attached) this.#end();
    return (this.#rung = attached?.rung ?? "Audit");
  }

  /** Takes over what an earlier agent left, so that it has a sign of life and its writers; nothing there is no fault. */
  adopt(): void {
    if (this.#current) return;
    for (const rung of RUNGS) {
      const programs = this.#kernel.adopt(this.#folder(rung));
      if (programs) return this.#use(programs, rung, Number.NEGATIVE_INFINITY);
    }
    if (this.#others().length > 0) this.#attach();
  }

  /** Brings the guard to what is wished. Never throws: what failed is in `observe().fault`, and the next round tries again. */
  reconcile(wish: GuardWish): void {
    try {
      if (wish.kind === "off") this.#end();
      if (wish.kind === "on") this.#bringUp(wish);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = explain(error);
    }
  }

  /** Tells the kernel who may write. */
  setWriters({ permits, scopes }: Writers): void {
    const programs = this.#current?.programs;
    if (!programs) return;
    programs.syncScopes(scopes);
    programs.syncCgroups(permits);
    const tables = programs.mend();
    if (tables.length === 0) return;
    this.#options.logger.error({ tables }, "somebody else wrote into tables of the guard; they are as they should be again");
    this.#tell({ pins: [], tables });
  }

  /** The agent lives: call it several times within 30 s. */
  beat(): void {
    this.#current?.programs.beat(this.#options.bootTimeNs());
  }

  /** Hands out attempts since the last call; looks after pins and trial when it is time. */
  attend(): void {
    const current = this.#current;
    if (!current) return;
    current.ring.consume();
    const now = this.#options.bootTimeNs();
    if (now - this.#pinsAtNs >= PINS_EVERY_NS) this.#checkPins(current.programs, now);
    if (this.#trial && now - this.#trial.atNs >= TRIAL_EVERY_NS) this.#try(current.programs);
  }

  observe(): GuardObservation {
    const programs = this.#current?.programs;
    const settings = programs?.settings();
    const now = this.#options.bootTimeNs();
    const auditLeftNs = settings && settings.auditUntilNs > now ? settings.auditUntilNs - now : undefined;
    return {
      rung: this.#current?.rung ?? this.#rung ?? "Audit",
      mode: settings?.mode === "Enforce" && settings.strict ? "Strict" : (settings?.mode ?? "Off"),
      auditUntilMs: auditLeftNs === undefined ? undefined : this.#options.now() + Number(auditLeftNs / MS_TO_NS),
      counters: programs?.counters(),
      trial: this.#trial?.result,
      tampered: this.#tampered,
      attachedAt: this.#attachedAt,
      fault: this.#fault,
    };
  }

  /** Lets go of descriptors; the guard goes on. */
  close(): void {
    this.#current?.ring.close();
    this.#current?.programs.close();
    this.#current = undefined;
  }

  #bringUp({ mode, auditUntil }: GuardWish & { kind: "on" }): void {
    const current = this.#current ?? this.#attach() ?? this.#attachAudit();
    if (!current) return;
    const { programs } = current;
    programs.setNamespace(this.#options.namespace, "Guarded");
    if (current.rung === "Audit") return;
    const before = programs.settings();
    const now = this.#options.bootTimeNs();
    const auditUntilNs = auditUntil === undefined ? 0n : this.#bootTimeOf(auditUntil, now);
    // a break-glass that is over stays written as it is: every round would reckon its end a little differently
    const same = (before.auditUntilNs <= now && auditUntilNs <= now) || absolute(before.auditUntilNs - auditUntilNs) < 1_000_000_000n;
    programs.setSettings({
      mode: mode === "Strict" ? "Enforce" : mode,
      strict: mode === "Strict",
      auditUntilNs: same ? before.auditUntilNs : auditUntilNs,
      heartbeatNs: now,
    });
  }

  #bootTimeOf(ms: number, nowNs: bigint): bigint {
    const at = nowNs + BigInt(Math.round(ms - this.#options.now())) * MS_TO_NS;
    return at > 0n ? at : 0n;
  }

  /** Loads the first way that its trial has shown to refuse. An earlier version stays on until then, and its tables go on. */
  #attach(): Attached | undefined {
    const former = this.#openFormer();
    try {
      for (const rung of RUNGS) {
        if (this.#tried.has(rung)) continue;
        const programs = this.#load(rung, former);
        if (!programs) continue;
        programs.setNamespace(this.#options.namespace, "Guarded");
        this.#use(programs, rung, former ? Number.NEGATIVE_INFINITY : performance.now());
        former?.retire();
        for (const folder of this.#others()) this.#kernel.remove(folder);
        return this.#current;
      }
      this.#trial = undefined;
      return undefined;
    } finally {
      former?.close();
    }
  }

  #load(rung: DenyingRung, former: GuardPrograms | undefined): GuardPrograms | undefined {
    let programs: GuardPrograms | undefined;
    try {
      programs = this.#kernel.load({ folder: this.#folder(rung), objectPath: join(this.#options.objects, GUARD_OBJECTS[rung]), former });
      const result = this.#try(programs);
      if (result.outcome === "Passed") return programs;
      this.#refuse(rung, result.message);
    } catch (error) {
      this.#refuse(rung, explain(error));
    }
    programs?.end();
    return undefined;
  }

  #refuse(rung: GuardRung, cause: string): void {
    this.#tried.set(rung, cause);
    this.#options.logger.info({ rung, cause }, "the guard cannot go this way");
  }

  /** No way refuses: what is left is to tell. Its trial says how well; without it scans tell. */
  #attachAudit(): Attached | undefined {
    if (this.#tried.has("Audit")) return undefined;
    let programs: AuditPrograms | undefined;
    try {
      const { objects, namespace, bootTimeNs } = this.#options;
      programs = this.#kernel.loadAudit({ objectPath: join(objects, AUDIT_OBJECT), namespace, bootTimeNs });
      this.#try(programs);
      this.#use(programs, "Audit", performance.now());
    } catch (error) {
      this.#refuse("Audit", explain(error));
      programs?.end();
      this.#trial = { result: { outcome: "Failed", message: explain(error) }, atNs: this.#options.bootTimeNs() };
    }
    return this.#current;
  }

  #use(programs: Programs, rung: GuardRung, attachedAt: number): void {
    this.#current = { programs, rung, ring: programs.openAttempts(this.#options.onAttempt) };
    this.#rung = rung;
    this.#attachedAt = attachedAt;
    if (!this.#trial) this.#try(programs);
    this.#options.logger.info({ rung, trial: this.#trial?.result.message }, "the guard is attached");
  }

  #try(programs: Programs): TrialResult {
    const result = this.#kernel.try(programs);
    this.#trial = { result, atNs: this.#options.bootTimeNs() };
    if (result.outcome !== "Passed") this.#options.logger.warn({ outcome: result.outcome, message: result.message }, "trial of the guard");
    return result;
  }

  #checkPins(programs: Programs, now: bigint): void {
    this.#pinsAtNs = now;
    const pins = programs.missingPins();
    if (pins.length === 0) return;
    this.#options.logger.error({ pins }, "somebody removed pins of the guard; it was on all the time, and makes them again");
    this.#tell({ pins, tables: [] });
    try {
      programs.repin();
    } catch (error) {
      this.#options.logger.error({ cause: explain(error) }, "pins of the guard cannot be made again, will be tried again");
    }
  }

  #tell(what: Pick<Tampering, "pins" | "tables">): void {
    const key = JSON.stringify(what);
    const times = (this.#tampering.get(key) ?? 0) + 1;
    this.#tampering.set(key, times);
    this.#tampered = { ...what, times, atMs: this.#options.now() };
    this.#options.onTampered();
  }

  #end(): void {
    const had = this.#current !== undefined;
    this.#current?.ring.close();
    this.#current?.programs.end();
    this.#current = undefined;
    this.#attachedAt = undefined;
    this.#trial = undefined;
    for (const folder of this.#others()) this.#kernel.remove(folder);
    removeFolder(this.#root);
    if (had) this.#options.logger.info({}, "the guard is taken off");
  }

  #openFormer(): GuardPrograms | undefined {
    for (const folder of this.#others()) {
      const programs = this.#kernel.adopt(folder);
      if (programs) return programs;
    }
    return undefined;
  }

  #folder(rung: DenyingRung): string {
    return join(this.#root, `${this.#options.version}-${rung}`);
  }

  /** What other versions or ways have left. */
  #others(): string[] {
    const { rung } = this.#current ?? {};
    const own = rung && rung !== "Audit" && this.#folder(rung);
    return list(this.#root)
      .map((name) => join(this.#root, name))
      .filter((folder) => folder !== own);
  }
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
