import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AUDIT_OBJECT, AuditPrograms } from "../../services/node-agent/src/guard/audit-programs.ts";
import { bootTimeNs } from "../../services/node-agent/src/guard/boot-time.ts";
import { spreadOf, type Spread } from "./datapath/statistics.ts";
import { OBJECTS } from "../vm/load-objects.ts";

/** What one kind of system call takes without the program that tells of rules, and how much longer with it. Nanoseconds. */
export type CallCost = { readonly what: string; readonly without: Spread; readonly added: Spread; readonly boundNs: number };

const ROUNDS = 61;
const TIMEOUT_MS = 60_000;
const CALLS = [
  { what: "a call that does nothing (getppid)", boundNs: 150 },
  { what: "a write to a file (/dev/null)", boundNs: 200 },
  { what: "a send on another kind of socket (UDP)", boundNs: 300 },
] as const;

/** Measures in turns, so that what disturbs the machine disturbs both. The program is attached for a few seconds in all. */
export function measureSystemCalls(): CallCost[] {
  const folder = mkdtempSync(path.join(tmpdir(), "system-calls-"));
  const program = path.join(folder, "system_calls");
  try {
    execFileSync("gcc", ["-O2", "-o", program, path.join(import.meta.dirname, "system_calls.c")], { timeout: TIMEOUT_MS });
    const run = (): number[] => JSON.parse(execFileSync(program, { encoding: "utf8", timeout: TIMEOUT_MS })) as number[];
    const rounds = Array.from({ length: ROUNDS }, () => ({ without: run(), within: attached(run) }));
    return CALLS.map((call, at) => ({
      ...call,
      without: spreadOf(rounds.map(({ without }) => without[at] ?? 0)),
      added: spreadOf(rounds.map(({ without, within }) => (within[at] ?? 0) - (without[at] ?? 0))),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As an agent attaches it; nobody writes rules meanwhile. */
function attached<T>(work: () => T): T {
  const namespace = statSync("/proc/self/ns/net").ino;
  const programs = AuditPrograms.load({ objectPath: path.join(OBJECTS, AUDIT_OBJECT), namespace, bootTimeNs });
  try {
    programs.setNamespace(namespace, "Guarded");
    return work();
  } finally {
    programs.close();
  }
}
