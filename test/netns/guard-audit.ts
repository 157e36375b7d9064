import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { findCgroupMount } from "../../services/node-agent/src/guard/cgroup-tree.ts";
import type { Attempt, ScopeKey } from "../../services/node-agent/src/guard/guard-layout.ts";
import type { MessageText } from "../../services/node-agent/src/guard/nft-message.ts";
import type { GuardObservation } from "../../services/node-agent/src/guard/node-guard.ts";
import { OBJECTS } from "../vm/load-objects.ts";

/** What the process is given: cgroups by their ids. */
export type AuditSetting = {
  readonly objects: string;
  readonly pinRoot: string;
  readonly permitted: string;
  readonly scoped: string;
  readonly scopes: readonly ScopeKey[];
};

/** An attempt as the process tells it. */
export type ToldAttempt = Pick<
  Attempt,
  "kind" | "verdict" | "why" | "command" | "parentCommand" | "executableName" | "cgroupName" | "pid"
> & { readonly text: MessageText };

/** Who writes: a cgroup that nobody knows, one that may, and one that may within a scope. */
export type Group = "stranger" | "permitted" | "scoped";

const TIMEOUT_MS = 10_000;
const POLL_MS = 20;
const PROCESS = path.join(import.meta.dirname, "guard-audit-process.ts");

/** Two network namespaces, of which one is guarded by a process, and cgroups to write from. */
export class AuditedNamespace {
  readonly #name = `hra${randomBytes(3).toString("hex")}`;
  readonly #folder = mkdtempSync(path.join(tmpdir(), this.#name));
  readonly #groups: string;
  readonly #child: ChildProcess;
  readonly #attempts: ToldAttempt[] = [];
  readonly #observed: GuardObservation[] = [];

  constructor() {
    const cgroups = findCgroupMount(readFileSync("/proc/self/mountinfo", "utf8"), "/sys/fs/cgroup");
    if (cgroups === undefined) throw new Error("no hierarchy of cgroups of version 2 is mounted");
    this.#groups = path.join(cgroups, this.#name);
    for (const name of ["", "-other"]) execFileSync("ip", ["netns", "add", `${this.#name}${name}`]);
    // the other ways are not there, so that this one is taken also where the kernel lets programs refuse
    symlinkSync(path.join(OBJECTS, "guard_audit.bpf.o"), path.join(this.#folder, "guard_audit.bpf.o"));
    const id = (group: Group): string => {
      mkdirSync(path.join(this.#groups, group), { recursive: true });
      return String(statSync(path.join(this.#groups, group), { bigint: true }).ino);
    };
    id("stranger");
    const setting: AuditSetting = {
      objects: this.#folder,
      pinRoot: path.join(this.#folder, "pins"), // nothing is pinned
      permitted: id("permitted"),
      scoped: id("scoped"),
      scopes: [{ scope: 1, family: 2, table: "nat", chain: "MINE" }],
    };
    const inNamespace = [`--net=/run/netns/${this.#name}`, process.execPath, "--disable-warning=ExperimentalWarning"];
    this.#child = spawn("nsenter", [...inNamespace, PROCESS, JSON.stringify(setting)], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#take(line));
  }

  /** The guard, as it is now. */
  async observe(): Promise<GuardObservation> {
    const seen = this.#observed.length;
    this.#child.stdin?.write("\n");
    await this.#until(() => this.#observed.length > seen);
    return this.#observed.at(-1)!;
  }

  /** Waits until notices were lost, since `earlier` were counted. */
  async lostNotices(earlier: number): Promise<void> {
    for (let waited = 0; ((await this.observe()).counters?.unreadable ?? 0) <= earlier; waited += POLL_MS) {
      if (waited > TIMEOUT_MS) throw new Error("no notice was lost");
      await pause(POLL_MS);
    }
  }

  /** Runs a shell's line in the guarded namespace, or in the other one, from a cgroup. @throws when it fails */
  write(line: string, { group = "stranger", other = false }: { group?: Group; other?: boolean } = {}): void {
    const enter = `echo $$ > ${path.join(this.#groups, group)}/cgroup.procs && exec nsenter --net=/run/netns/${this.#name}${other ? "-other" : ""}`;
    const env = { ...process.env, XTABLES_LOCKFILE: path.join(this.#folder, "lock"), LINE: line };
    execFileSync("sh", ["-c", `${enter} sh -ec "$LINE"`], { timeout: TIMEOUT_MS, stdio: ["ignore", "ignore", "pipe"], env });
  }

  /** Attempts since the last call, up to one that a stranger makes now to end them, without it. */
  async attempts(): Promise<ToldAttempt[]> {
    const mark = `m${randomBytes(6).toString("hex")}`;
    this.write(`nft add table ip ${mark}; nft add chain ip ${mark} c; nft add rule ip ${mark} c drop; nft delete table ip ${mark}`);
    // a table of the old kind is told through another queue
    this.write(`iptables-legacy -t security -A INPUT -j ACCEPT; iptables-legacy -t security -F`);
    const ends = ({ text }: ToldAttempt): boolean => text.table === mark || text.table === "security";
    await this.#until(() => this.#attempts.filter(ends).length >= 3);
    return this.#attempts.splice(0).filter((attempt) => !ends(attempt));
  }

  /** Does something while the process stands still. */
  whilePaused(work: () => void): void {
    this.#child.kill("SIGSTOP");
    try {
      work();
    } finally {
      this.#child.kill("SIGCONT");
    }
  }

  /** Ends the process without a word, and answers whether its program on system calls is gone. */
  async killed(): Promise<boolean> {
    const programs = attachedBy(this.#child.pid ?? 0);
    if (programs.length === 0) throw new Error("nothing is attached");
    this.#child.kill("SIGKILL");
    return this.#until(() => programs.every((id) => !exists(id))).then(() => true);
  }

  /** Leaves nothing. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.kill("SIGKILL")) await ended;
    for (const name of ["", "-other"]) execFileSync("ip", ["netns", "del", `${this.#name}${name}`]);
    for (const group of ["stranger", "permitted", "scoped", ""]) rmdirSync(path.join(this.#groups, group));
    rmSync(this.#folder, { recursive: true });
  }

  #take(line: string): void {
    const { attempt, observed } = JSON.parse(line) as { attempt?: ToldAttempt; observed?: GuardObservation };
    if (attempt) this.#attempts.push(attempt);
    if (observed) this.#observed.push(observed);
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (let waited = 0; !isSo(); waited += POLL_MS) {
      if (waited > TIMEOUT_MS) throw new Error(`not within ${TIMEOUT_MS} ms; told: ${JSON.stringify(this.#attempts)}`);
      await pause(POLL_MS);
    }
  }
}

/** Ids of the programs that a process holds attached by tracing links. */
function attachedBy(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    const id = /^prog_id:\s*(\d+)$/m.exec(info)?.[1];
    return id !== undefined && info.includes("link_type:") ? [id] : [];
  });
}

function exists(program: string): boolean {
  try {
    execFileSync("bpftool", ["prog", "show", "id", program], { stdio: "ignore", timeout: TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}
