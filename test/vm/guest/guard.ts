import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { explain } from "@hostrouting/domain";
import { HEARTBEAT_STALE_NS } from "../../../services/node-agent/src/guard/guard-layout.ts";
import { GUARD_OBJECTS, GuardPrograms, type DenyingRung } from "../../../services/node-agent/src/guard/guard-programs.ts";
import { runGuardTrial } from "../../../services/node-agent/src/guard/guard-trial.ts";
import { killHolder } from "./guard-death.ts";
import { decidedWriters } from "./guard-decided.ts";
import { leadGuard } from "./guard-life.ts";
import {
  ATTEMPT_TIMEOUT_MS,
  boottimeNs,
  cgroup,
  CGROUPS,
  hostNamespace,
  lines,
  NOT_COUNTED,
  runIn,
  Session,
  tell,
  until,
} from "./guard-session.ts";
import { everyTool } from "./guard-tools.ts";
import { OBJECTS } from "../load-objects.ts";

/** Runs inside the guest: every way to write a rule, with and without the guard, by writers of every kind. */
const PINS = "/sys/fs/bpf/guard";
const NFPROTO_IPV4 = 2;
/** What leaks at all leaks in each, and an emulated processor takes more than a second for one. */
const CYCLES = 8;

function tryRung(rung: DenyingRung): GuardPrograms | undefined {
  const begun = performance.now();
  try {
    const programs = GuardPrograms.load({ folder: `${PINS}/${rung}`, objectPath: path.join(OBJECTS, GUARD_OBJECTS[rung]) });
    const loadMs = Math.round(performance.now() - begun);
    const trial = runGuardTrial(programs);
    tell({ kind: "rung", rung, loadMs, outcome: trial.outcome, message: trial.message });
    if (trial.outcome === "Passed") return programs;
    programs.end();
  } catch (error) {
    tell({ kind: "rung", rung, loadMs: 0, outcome: "Refused", message: explain(error) });
  }
  return undefined;
}

/** Before any guard: what the kernel itself does with each attempt. */
function withoutGuard(names: readonly string[]): void {
  for (const name of names) {
    const { code, output } = runIn("writers/unlisted", `/bin/evade ${name}`);
    tell({ kind: "attempt", phase: "without", name, code, output, ...NOT_COUNTED, event: undefined });
  }
}

function everyWay(session: Session, names: readonly string[]): void {
  session.set();
  for (const name of names) session.attempt("enforce", name);
  session.set({ strict: true });
  session.attempt("strict", "nft-table");
  session.set({ mode: "Audit" });
  for (const name of names) session.attempt("audit", name);
  session.set({ auditUntilNs: boottimeNs() + 3_600_000_000_000n });
  session.attempt("break-glass", "nft-rule");
  session.set({ auditUntilNs: boottimeNs() - 1n });
  session.attempt("break-glass-expired", "nft-rule");
}

/** Who writes: permitted groups, their children and neighbours, scopes, executables, an agent that is dead. */
async function everyWriter(session: Session, programs: GuardPrograms): Promise<void> {
  const scopes = [
    { scope: 7, family: NFPROTO_IPV4, table: "evade", chain: "through" },
    { scope: 8, family: NFPROTO_IPV4, table: "evade", chain: "elsewhere" },
    { scope: 9, family: NFPROTO_IPV4, table: "evade", chain: "" },
  ];
  session.set();
  session.permit(
    [
      ["writers/permitted", {}],
      ["writers/permitted/refused-child", { permitted: false }],
      ["writers/in-scope", { scope: 7 }],
      ["writers/out-of-scope", { scope: 8 }],
      ["writers/whole-table", { scope: 9 }],
      ["writers/by-executable", { needsExecutable: true }],
      ["writers/known", { permitted: false }],
    ],
    scopes,
  );
  const from = (group: string, name = "nft-rule"): void => session.attempt(`from ${group}`, name, { group: `writers/${group}` });
  from("permitted");
  from("permitted", "legacy-v4");
  from("permitted", "nft-too-many");
  from("permitted/child");
  from("permitted/refused-child");
  from("permitted-neighbour");
  from("in-scope");
  from("in-scope", "nft-policy-drop");
  from("in-scope", "nft-element");
  from("in-scope", "netfilter-link");
  from("in-scope", "legacy-v4");
  from("out-of-scope");
  from("whole-table");
  from("whole-table", "nft-element");
  from("by-executable");
  const evade = statSync("/bin/evade", { bigint: true });
  programs.syncExecutables([{ inode: evade.ino, device: kernelDevice(evade.dev) }]);
  session.attempt("from by-executable, named", "nft-rule", { group: "writers/by-executable" });
  from("by-executable", "deleted-executable");
  from("permitted", "deleted-executable");
  await until(() => boottimeNs() > HEARTBEAT_STALE_NS);
  session.set({ heartbeatNs: 0n });
  session.attempt("agent dead", "nft-rule", { group: "writers/unlisted" });
  session.attempt("agent dead, known writer", "nft-rule", { group: "writers/known" });
  session.attempt("agent dead, upgraded executable", "deleted-executable", { group: "writers/by-executable" });
  session.set();
  programs.syncExecutables([]);
}

/** `stat` packs device numbers as the C library does; the kernel has major << 20 | minor (linux/kdev_t.h). */
function kernelDevice(device: bigint): bigint {
  const major = ((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn);
  const minor = ((device >> 12n) & 0xffffff00n) | (device & 0xffn);
  return (major << 20n) | minor;
}

/** A thousand attempts at once: the counter is exact whatever happens to the telling. */
function flood(session: Session): void {
  session.set();
  // known, so that nothing from here on depends on how long it takes
  session.permit([["writers/unlisted", { permitted: false }]]);
  const before = session.total();
  const loop = "/bin/sh -c 'for n in $(seq 100); do /bin/evade nft-repeat-10 >/dev/null; done'";
  runIn("writers/unlisted", loop);
  tell({ kind: "flood", denied: session.total() - before });
}

/** Another version takes over while somebody tries without pause. */
async function upgrade(session: Session, programs: GuardPrograms, rung: DenyingRung): Promise<GuardPrograms> {
  session.set();
  rmSync("/tmp/written", { force: true });
  cgroup("writers/unlisted");
  const script = `echo $$ > ${CGROUPS}/writers/unlisted/cgroup.procs; while true; do /bin/evade nft-rule >/dev/null && echo yes >> /tmp/written; echo tried >> /tmp/tried; done`;
  const child = spawn("/bin/sh", ["-c", script], { stdio: "ignore", detached: true });
  const tried = (): number => lines("/tmp/tried");
  await until(() => tried() > 3);
  const before = programs.counters().attempts.Nftables.Denied;
  const next = GuardPrograms.load({
    folder: `${PINS}/next`,
    objectPath: path.join(OBJECTS, GUARD_OBJECTS[rung]),
    former: programs,
  });
  const trial = runGuardTrial(next);
  next.setNamespace(hostNamespace(), "Guarded");
  const during = tried();
  await until(() => tried() > during + 2);
  session.ring.close();
  programs.end();
  const after = tried();
  await until(() => tried() > after + 3);
  process.kill(-(child.pid ?? 0), "SIGKILL");
  tell({
    kind: "upgrade",
    trial: trial.outcome,
    tried: tried(),
    written: lines("/tmp/written"),
    keptTotals: next.counters().attempts.Nftables.Denied > before,
  });
  return next;
}

/** Pins are removed by somebody; then the process that holds everything ends without a word. */
function tampering(programs: GuardPrograms, folder: string): void {
  rmSync(path.join(folder, "on_netlink_send-link"));
  rmSync(path.join(folder, "gd_counters"));
  const refused = runIn("writers/unlisted", "/bin/evade nft-rule").code;
  const repinned = programs.repin();
  tell({ kind: "tampering", refused, repinned, again: programs.repin() });
  const before = programs.counters().attempts.Nftables.Denied;
  programs.close();
  const orphaned = runIn("writers/unlisted", "/bin/evade nft-rule").code;
  const adopted = GuardPrograms.adopt(folder);
  tell({
    kind: "orphaned",
    refused: orphaned,
    adopted: adopted !== undefined,
    grown: (adopted?.counters().attempts.Nftables.Denied ?? 0) - before,
  });
  adopted?.end();
  tell({ kind: "ended", code: runIn("writers/unlisted", "/bin/evade nft-rule").code, left: listLinks() });
}

/** Programs of ours that the kernel still has. */
function listLinks(): number {
  return GuardPrograms.adopt(`${PINS}/next`) === undefined ? 0 : 1;
}

/** Attached and ended again and again: what of it stays in the kernel or with this process. */
async function cycles(rung: DenyingRung): Promise<void> {
  const objects = (): string => runIn("writers/unlisted", "/bin/evade objects").output;
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  const once = (): void => GuardPrograms.load({ folder: `${PINS}/cycle`, objectPath: path.join(OBJECTS, GUARD_OBJECTS[rung]) }).end();
  once();
  await until(() => objects() === "0 0 0");
  const before = descriptors();
  for (let cycle = 0; cycle < CYCLES; cycle++) once();
  await until(() => objects() === "0 0 0");
  tell({ kind: "cycles", cycles: CYCLES, descriptors: descriptors() - before, objects: objects() });
}

function loadModules(): void {
  for (const module of readFileSync("/modules/guard", "utf8").trim().split("\n"))
    spawnSync("/bin/insmod", [module], { timeout: ATTEMPT_TIMEOUT_MS });
}

async function main(): Promise<void> {
  loadModules();
  const names = execFileSync("/bin/evade", ["list"], { encoding: "utf8" }).trim().split("\n");
  tell({ kind: "kernel", release: os.release(), lsm: readFileSync("/sys/kernel/security/lsm", "utf8").trim() });
  withoutGuard(names);
  const lsm = tryRung("Lsm");
  const rung = lsm ? "Lsm" : "FmodRet";
  const programs = lsm ?? tryRung("FmodRet");
  if (!programs) return;
  programs.setNamespace(hostNamespace(), "Guarded");
  const session = new Session(programs);
  everyWay(session, names);
  await everyWriter(session, programs);
  decidedWriters(session, programs);
  everyTool(session);
  flood(session);
  const next = await upgrade(session, programs, rung);
  tampering(next, `${PINS}/next`);
  const attempt = (): number => runIn("writers/unlisted", "/bin/evade nft-rule").code;
  tell({ kind: "life", steps: leadGuard(hostNamespace(), attempt) });
  await killHolder(attempt);
  await cycles(rung);
}

try {
  await main();
} catch (error) {
  tell({ kind: "failure", message: explain(error) });
}
tell({ kind: "end" });
