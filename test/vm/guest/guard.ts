import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { explain } from "@hostrouting/domain";
import { describeMessage } from "../../../services/node-agent/src/guard/nft-message.ts";
import {
  HEARTBEAT_STALE_NS,
  type Attempt,
  type CgroupPermit,
  type GuardSettings,
  type ScopeKey,
} from "../../../services/node-agent/src/guard/guard-layout.ts";
import { GUARD_OBJECTS, GuardPrograms, type DenyingRung } from "../../../services/node-agent/src/guard/guard-programs.ts";
import { runGuardTrial } from "../../../services/node-agent/src/guard/guard-trial.ts";
import { leadGuard } from "./guard-life.ts";
import type { GuardLine } from "./guard-report.ts";
import { OBJECTS } from "../load-objects.ts";

/** Runs inside the guest: every way to write a rule, with and without the guard, by writers of every kind. */
const CGROUPS = "/sys/fs/cgroup";
const PINS = "/sys/fs/bpf/guard";
const ATTEMPT_TIMEOUT_MS = 120_000;
const STDOUT = 1;
const NFPROTO_IPV4 = 2;

type Outcome = GuardLine & { kind: "attempt" };

function tell(line: GuardLine): void {
  writeSync(STDOUT, `${JSON.stringify(line)}\n`);
}

function cgroup(name: string): bigint {
  mkdirSync(path.join(CGROUPS, name), { recursive: true });
  return statSync(path.join(CGROUPS, name), { bigint: true }).ino;
}

/** Runs a command in a cgroup; 0 written, 1 refused, anything else failed otherwise. */
function runIn(group: string, command: string): { code: number; output: string } {
  cgroup(group);
  const script = `echo $$ > ${CGROUPS}/${group}/cgroup.procs && exec ${command}`;
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8", timeout: ATTEMPT_TIMEOUT_MS });
  return { code: status ?? -1, output: `${stdout}${stderr}`.trim() };
}

class Session {
  readonly #programs: GuardPrograms;
  #attempts: Attempt[] = [];

  constructor(programs: GuardPrograms) {
    this.#programs = programs;
    this.ring = programs.openAttempts((attempt) => this.#attempts.push(attempt));
  }

  readonly ring: ReturnType<GuardPrograms["openAttempts"]>;

  set(changes: Partial<GuardSettings> = {}): void {
    this.#programs.setSettings({ mode: "Enforce", strict: false, auditUntilNs: 0n, heartbeatNs: boottimeNs(), ...changes });
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

function counted(
  before: ReturnType<GuardPrograms["counters"]>,
  after: ReturnType<GuardPrograms["counters"]>,
): Pick<Outcome, "denied" | "audited" | "permitted"> {
  const sum = (from: typeof before, verdict: "Denied" | "Audited" | "Permitted"): number =>
    Object.values(from.attempts).reduce((total, row) => total + row[verdict], 0);
  const grown = (verdict: "Denied" | "Audited" | "Permitted"): number => sum(after, verdict) - sum(before, verdict);
  return { denied: grown("Denied"), audited: grown("Audited"), permitted: grown("Permitted") };
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

function boottimeNs(): bigint {
  return BigInt(Math.round(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e9));
}

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

function hostNamespace(): number {
  return statSync("/proc/self/ns/net").ino;
}

/** Before any guard: what the kernel itself does with each attempt. */
function withoutGuard(names: readonly string[]): void {
  for (const name of names) {
    const { code, output } = runIn("writers/unlisted", `/bin/evade ${name}`);
    tell({ kind: "attempt", phase: "without", name, code, output, denied: 0, audited: 0, permitted: 0, event: undefined });
  }
}

function everyWay(session: Session, names: readonly string[]): void {
  session.set();
  for (const name of names) session.attempt("enforce", name);
  session.set({ strict: true });
  session.attempt("strict", "nft-table");
  session.set({ mode: "Audit" });
  for (const name of ["nft-rule", "legacy-v4", "nft-policy-drop", "nft-list"]) session.attempt("audit", name);
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
  await until(() => boottimeNs() > HEARTBEAT_STALE_NS);
  session.set({ heartbeatNs: 0n });
  session.attempt("agent dead", "nft-rule", { group: "writers/unlisted" });
  session.attempt("agent dead, known writer", "nft-rule", { group: "writers/known" });
  session.set();
  programs.syncExecutables([]);
}

/** `stat` packs device numbers as the C library does; the kernel has major << 20 | minor (linux/kdev_t.h). */
function kernelDevice(device: bigint): bigint {
  const major = ((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn);
  const minor = ((device >> 12n) & 0xffffff00n) | (device & 0xffn);
  return (major << 20n) | minor;
}

/** The tools that people use. */
function everyTool(session: Session): void {
  const restore = "/tmp/restore";
  const several = "/tmp/several.nft";
  writeFileSync(restore, "*filter\n:EVADE - [0:0]\n-A EVADE -j DROP\n-A FORWARD -j EVADE\nCOMMIT\n");
  writeFileSync(
    several,
    "table inet tools {\n chain one {\n  tcp dport 80 drop\n }\n chain two {\n  type filter hook forward priority 0\n  jump one\n }\n}\n",
  );
  session.set();
  const tools: [name: string, command: string][] = [
    ["iptables-nft -A", "/sbin/xtables-nft-multi iptables -A FORWARD -d 10.9.8.7 -p tcp --dport 80 -m comment --comment evade -j DROP"],
    ["ip6tables-nft -A", "/sbin/xtables-nft-multi ip6tables -A FORWARD -d fd00::7 -j DROP"],
    ["iptables-nft -P", "/sbin/xtables-nft-multi iptables -P FORWARD DROP"],
    ["iptables-nft-restore", `/sbin/xtables-nft-multi iptables-restore -n ${restore}`],
    ["iptables-nft -S", "/sbin/xtables-nft-multi iptables -S"],
    ["iptables-nft -F", "/sbin/xtables-nft-multi iptables -F FORWARD"],
    ["iptables-legacy -A", "/sbin/xtables-legacy-multi iptables -A FORWARD -d 10.9.8.7 -j DROP"],
    ["ip6tables-legacy -A", "/sbin/xtables-legacy-multi ip6tables -A FORWARD -d fd00::7 -j DROP"],
    ["iptables-legacy -S", "/sbin/xtables-legacy-multi iptables -S"],
    ["arptables-nft -A", "/sbin/xtables-nft-multi arptables -A INPUT -s 10.9.8.7 -j DROP"],
    ["ebtables-nft -A", "/sbin/xtables-nft-multi ebtables -A FORWARD -s 02:00:00:00:00:01 -j DROP"],
    ["nft -f", `/sbin/nft -f ${several}`],
    ["nft list", "/sbin/nft list ruleset"],
  ];
  for (const [name, command] of tools) session.attempt("tool", name, { command });
}

/** A thousand attempts at once: the counter is exact whatever happens to the telling. */
function flood(session: Session): void {
  session.set();
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

function lines(file: string): number {
  try {
    return readFileSync(file, "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 600) throw new Error("nothing happened for a minute");
    await pause(100);
  }
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
  everyTool(session);
  flood(session);
  const next = await upgrade(session, programs, rung);
  tampering(next, `${PINS}/next`);
  tell({ kind: "life", steps: leadGuard(hostNamespace(), () => runIn("writers/unlisted", "/bin/evade nft-rule").code) });
}

try {
  await main();
} catch (error) {
  tell({ kind: "failure", message: explain(error) });
}
tell({ kind: "end" });
