import { decodeCounters, GUARD_LAYOUTS, type Attempt, type CgroupPermit, type GuardSettings } from "../guard-layout.ts";
import type { GuardPrograms } from "../guard-programs.ts";
import type { TrialResult } from "../guard-trial.ts";
import type { GuardKernel } from "../node-guard.ts";

/** A kernel that takes the guard's programs. `log`: what was done to it, one word or two each; `trial`: what its next trials come to. */
export type FakeGuardKernel = GuardKernel & {
  readonly log: string[];
  trial: TrialResult;
  settings: GuardSettings;
  missing: string[];
  foreign: string[];
  /** Who may write, by cgroup, as it was told last; undefined: by nobody, so what an earlier agent wrote counts. */
  permits: ReadonlyMap<bigint, CgroupPermit> | undefined;
  /** Programs that an earlier agent has left, for `adopt`. */
  left(): GuardPrograms;
  /** Lets somebody try to write a rule. */
  attempt(attempt: Attempt): void;
};

/** @returns one that refuses as it should, without a guard */
export function fakeGuardKernel(): FakeGuardKernel {
  let onAttempt: (attempt: Attempt) => void = () => undefined;
  const said = (word: string): void => void kernel.log.push(word);
  const take = <Name extends "missing" | "foreign">(name: Name): string[] => kernel[name].splice(0);
  const programs = {
    settings: () => kernel.settings,
    setSettings: (settings: GuardSettings) => {
      if (settings.mode !== kernel.settings.mode) said(settings.mode);
      kernel.settings = settings;
    },
    beat: (heartbeatNs: bigint) => (kernel.settings = { ...kernel.settings, heartbeatNs }),
    setNamespace: () => undefined,
    syncScopes: () => 0,
    syncCgroups: (permits: ReadonlyMap<bigint, CgroupPermit>) => {
      kernel.permits = permits;
      return 0;
    },
    mend: () => take("foreign"),
    counters: () => decodeCounters(Buffer.alloc(GUARD_LAYOUTS.gd_counters.size)),
    openAttempts: (handler: typeof onAttempt) => {
      onAttempt = handler;
      return { consume: () => undefined, close: () => undefined };
    },
    missingPins: () => [...kernel.missing],
    repin: () => take("missing"),
    retire: () => undefined,
    close: () => undefined,
    end: () => said("end"),
  };
  const held = programs as unknown as GuardPrograms; // it has private members, which nobody here reads
  const kernel: FakeGuardKernel = {
    log: [],
    trial: { outcome: "Passed", message: "Refused as it must be." },
    settings: { mode: "Audit", strict: false, auditUntilNs: 0n, heartbeatNs: 0n },
    missing: [],
    foreign: [],
    permits: undefined,
    attempt: (attempt) => onAttempt(attempt),
    adopt: () => undefined,
    left: () => held,
    load: () => {
      said("load");
      return held;
    },
    loadAudit: () => {
      throw new Error("no such program");
    },
    remove: () => undefined,
    try: () => {
      said("trial");
      return kernel.trial;
    },
  };
  return kernel;
}
