import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { BpfMap } from "@hostrouting/bpf-loader";
import { bootTimeNs } from "../../../services/node-agent/src/guard/boot-time.ts";
import type { Attempt } from "../../../services/node-agent/src/guard/guard-layout.ts";
import { NodeGuard } from "../../../services/node-agent/src/guard/node-guard.ts";
import { OBJECTS } from "../load-objects.ts";

const ROOT = "/sys/fs/bpf/agent";
const MOUNT_TIMEOUT_MS = 10_000;
const FIRST = Buffer.alloc(4);
const nothing = (): void => undefined;
const PIN_CHECKS_APART_NS = 11_000_000_000n;

/** A step of the guard's life: what it shows then, what became of an attempt (0 written, 1 refused), and which folders are pinned. */
export type LifeStep = {
  readonly step: string;
  readonly rung: string;
  readonly mode: string;
  readonly trial: string | undefined;
  readonly code: number;
  readonly told: number;
  readonly folders: number;
  readonly tampered: number;
  /** How often the step had it told that somebody meddles. */
  readonly tellings: number;
};

/** Leads two versions of an agent's guard through what a node goes through. @param attempt one try to write a rule */
export function leadGuard(namespace: number, attempt: () => number): LifeStep[] {
  const steps: LifeStep[] = [];
  let attempts: Attempt[] = [];
  let skippedNs = 0n;
  let tellings = 0;
  const guardOf = (version: string): NodeGuard =>
    new NodeGuard({
      pinRoot: ROOT,
      version,
      objects: OBJECTS,
      namespace,
      bootTimeNs: () => bootTimeNs() + skippedNs,
      now: () => Date.now(),
      logger: { info: nothing, warn: nothing, error: nothing },
      onAttempt: (told) => attempts.push(told),
      onTampered: () => tellings++,
    });
  const note = (step: string, guard: NodeGuard): void => {
    attempts = [];
    tellings = 0;
    guard.beat();
    const code = attempt();
    guard.attend();
    const { rung, mode, trial, tampered } = guard.observe();
    const folders = pinned();
    steps.push({
      step,
      rung,
      mode,
      trial: trial?.outcome,
      code,
      told: attempts.length,
      folders: folders.length,
      tampered: tampered ? tampered.pins.length + tampered.tables.length : 0,
      tellings,
    });
  };
  const first = guardOf("first");
  first.adopt();
  first.rung();
  note("probed", first);
  first.reconcile({ kind: "on", mode: "Audit", auditUntil: undefined });
  note("audit", first);
  first.reconcile({ kind: "on", mode: "Enforce", auditUntil: undefined });
  note("enforce", first);
  first.reconcile({ kind: "on", mode: "Enforce", auditUntil: Date.now() + 3_600_000 });
  note("break-glass", first);
  first.reconcile({ kind: "on", mode: "Enforce", auditUntil: Date.now() - 1 });
  first.reconcile({ kind: "leave" });
  note("leave", first);
  first.close();
  const second = guardOf("second");
  second.adopt();
  note("taken over", second);
  for (const name of readdirSync(path.join(ROOT_GUARD, pinned()[0] ?? ""))) rmSync(path.join(ROOT_GUARD, pinned()[0] ?? "", name));
  skippedNs = PIN_CHECKS_APART_NS;
  note("pins removed", second);
  run("/bin/umount", "-l", "/sys/fs/bpf");
  skippedNs += PIN_CHECKS_APART_NS;
  note("unmounted", second);
  run("/bin/mount", "-t", "bpf", "bpf", "/sys/fs/bpf");
  skippedNs += PIN_CHECKS_APART_NS;
  note("mounted", second);
  run("/bin/mount", "-t", "bpf", "bpf", "/sys/fs/bpf");
  skippedNs += PIN_CHECKS_APART_NS;
  note("mounted anew", second);
  second.setWriters({ permits: new Map(), scopes: [] });
  second.beat();
  meddle(path.join(ROOT_GUARD, pinned()[0] ?? ""));
  second.setWriters({ permits: new Map(), scopes: [] });
  note("tables written", second);
  second.close();
  const former = guardOf("first");
  former.adopt();
  note("older again", former);
  former.close();
  disguise(path.join(ROOT_GUARD, pinned()[0] ?? ""));
  const last = guardOf("last");
  last.adopt();
  last.reconcile({ kind: "on", mode: "Enforce", auditUntil: undefined });
  note("over other shapes", last);
  last.reconcile({ kind: "off" });
  note("off", last);
  last.close();
  run("/bin/umount", "/sys/fs/bpf");
  rmSync(ROOT_GUARD, { recursive: true });
  return steps;
}

function run(program: string, ...rest: string[]): void {
  spawnSync(program, rest, { timeout: MOUNT_TIMEOUT_MS });
}

/** As somebody does who may call bpf(): nothing is refused any more, and a cgroup of his may write. */
function meddle(folder: string): void {
  const settings = BpfMap.openPinned(path.join(folder, "gd_settings"));
  settings.update(FIRST, Buffer.alloc(settings.valueSize));
  settings.close();
  const cgroups = BpfMap.openPinned(path.join(folder, "gd_cgroups"));
  cgroups.update(Buffer.alloc(cgroups.keySize, 7), Buffer.alloc(cgroups.valueSize, 1));
  cgroups.close();
}

/** Another map in the place of one: as a version leaves it whose tables have other shapes. */
function disguise(folder: string): void {
  rmSync(path.join(folder, "gd_cgroups"));
  const other = BpfMap.openPinned(path.join(folder, "gd_namespaces"));
  other.pin(path.join(folder, "gd_cgroups"));
  other.close();
}

const ROOT_GUARD = `${ROOT}-guard`;

function pinned(): string[] {
  try {
    return readdirSync(ROOT_GUARD);
  } catch {
    return [];
  }
}
