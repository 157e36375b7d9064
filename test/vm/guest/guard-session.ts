import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describeMessage } from "../../../services/node-agent/src/guard/nft-message.ts";
import type { Attempt, CgroupPermit, GuardSettings, ScopeKey } from "../../../services/node-agent/src/guard/guard-layout.ts";
import type { GuardPrograms } from "../../../services/node-agent/src/guard/guard-programs.ts";
import type { GuardLine } from "./guard-report.ts";

/** Where the guest has cgroups of version 2. */
export const CGROUPS = "/sys/fs/cgroup";
/** No attempt takes longer, also on an emulated processor. */
export const ATTEMPT_TIMEOUT_MS = 120_000;
const STDOUT = 1;

type Outcome = GuardLine & { kind: "attempt" };
type Counters = ReturnType<GuardPrograms["counters"]>;

/** Says something to whoever booted the guest. */
export function tell(line: GuardLine): void {
  writeSync(STDOUT, `${JSON.stringify(line)}\n`);
}

/** A cgroup, which is made when it is not there, and its id. */
export function cgroup(name: string): bigint {
  mkdirSync(path.join(CGROUPS, name), { recursive: true });
  return statSync(path.join(CGROUPS, name), { bigint: true }).ino;
}

/** Runs a command in a cgroup; 0 written, 1 refused, anything else failed otherwise. */
export function runIn(group: string, command: string): { code: number; output: string } {
  cgroup(group);
  const script = `echo $$ > ${CGROUPS}/${group}/cgroup.procs && exec ${command}`;
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8", timeout: ATTEMPT_TIMEOUT_MS });
  return { code: status ?? -1, output: `${stdout}${stderr}`.trim() };
}

/** A guard under trial, and what it tells. */
export class Session {
  readonly #programs: GuardPrograms;
  #attempts: Attempt[] = [];
  #settings: GuardSettings | undefined;

  constructor(programs: GuardPrograms) {
    this.#programs = programs;
    this.ring = programs.openAttempts((attempt) => this.#attempts.push(attempt));
  }

  readonly ring: ReturnType<GuardPrograms["openAttempts"]>;

  set(changes: Partial<GuardSettings> = {}): void {
    this.#settings = { mode: "Enforce", strict: false, auditUntilNs: 0n, heartbeatNs: boottimeNs(), ...changes };
    this.#programs.setSettings(this.#settings);
  }

  permit(permits: readonly [group: string, permit: Partial<CgroupPermit>][], scopes: readonly ScopeKey[] = []): void {
    this.#programs.syncScopes(scopes);
    this.#programs.syncCgroups(
      new Map(permits.map(([group, permit]) => [cgroup(group), { permitted: true, scope: 0, needsExecutable: false, ...permit }])),
    );
  }

  /** One attempt and what the guard said of it. */
  attempt(phase: string, name: string, { group = "writers/unlisted", command = `/bin/evade ${name}` } = {}): void {
    this.ring.consume();
    this.#attempts = [];
    // an emulated processor may need longer for some attempts than a sign of life counts
    if (this.#settings && this.#settings.heartbeatNs > 0n) this.#programs.beat(boottimeNs());
    const before = this.#programs.counters();
    const { code, output } = runIn(group, command);
    this.ring.consume();
    const after = this.#programs.counters();
    tell({ kind: "attempt", phase, name, code, output, ...counted(before, after), event: summarised(this.#attempts.at(-1)) });
  }

  total(): number {
    const { attempts } = this.#programs.counters();
    return attempts.Nftables.Denied;
  }
}

/** What the guard counts of an attempt. */
type Counted = Pick<Outcome, "denied" | "audited" | "permitted" | "unreadable" | "sets">;
/** Of one that it did not see. */
export const NOT_COUNTED: Counted = { denied: 0, audited: 0, permitted: 0, unreadable: 0, sets: 0 };

function counted(before: Counters, after: Counters): Counted {
  const sum = (from: typeof before, verdict: "Denied" | "Audited" | "Permitted"): number =>
    Object.values(from.attempts).reduce((total, row) => total + row[verdict], 0);
  const grown = (verdict: "Denied" | "Audited" | "Permitted"): number => sum(after, verdict) - sum(before, verdict);
  return {
    denied: grown("Denied"),
    audited: grown("Audited"),
    permitted: grown("Permitted"),
    unreadable: after.unreadable - before.unreadable,
    sets: after.sets - before.sets,
  };
}

function summarised(attempt: Attempt | undefined): Outcome["event"] {
  if (!attempt) return undefined;
  const { kind, verdict, why, command, parentCommand, executableName, cgroupName, messageIndex, messageType, message } = attempt;
  return {
    kind,
    verdict,
    why,
    command,
    parentCommand,
    executableName,
    cgroupName,
    messageIndex,
    messageType,
    text: describeMessage(kind, messageType, message),
  };
}

/** CLOCK_BOOTTIME, by which the guard reckons. */
export function boottimeNs(): bigint {
  return BigInt(Math.round(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e9));
}

/** The inode of the network namespace that is guarded. */
export function hostNamespace(): number {
  return statSync("/proc/self/ns/net").ino;
}

/** Waits for something. @throws Error when it does not happen within a minute. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 600) throw new Error("nothing happened for a minute");
    await pause(100);
  }
}

/** Lines of a file; none when it is not there. */
export function lines(file: string): number {
  try {
    return readFileSync(file, "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}
