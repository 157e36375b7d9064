import { readdirSync, statSync } from "node:fs";
import { explain } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import type { Regarding, Telling } from "../events/telling.ts";
import type { PodIdentity } from "../pods/node-pod.ts";
import { bootTimeNs } from "./boot-time.ts";
import { hostCgroupMount, readCgroups, type Cgroup } from "./cgroup-tree.ts";
import type { Attempt } from "./guard-layout.ts";
import { GuardTellings, type AttemptTotal, type Origin } from "./guard-tellings.ts";
import { decideGuard, guardRefusal, type GuardInputs } from "./guard-wish.ts";
import { whatWasDone } from "./guard-report.ts";
import { NodeGuard, type GuardKernel, type GuardObservation, type Tampering } from "./node-guard.ts";
import { containerIdOf, decideWriters, podUidOf, type WriterPod } from "./writers.ts";

/** The kernel's buffer holds 190 attempts; what comes faster is counted, and told of in part. */
const ATTEND_MS = 100;
/** New pods' cgroups are found so soon after them; the API server's word about pods is looked at at once. Four times the heartbeat's need. */
const WRITERS_MS = 1000;
/** Cgroups of pods that ended are remembered as their pods': an attempt may be told of after its process. */
const REMEMBERED_MAX = 10_000;

/** A pod of this node with its name. */
export type GuardPod = PodIdentity & { readonly name: string; readonly namespace: string };

/** What the keeper works with. Times are milliseconds; `now` is since 1970. */
export type GuardKeeperOptions = {
  readonly pinRoot: string;
  readonly version: string;
  /** The folder of the eBPF objects. */
  readonly objects: string;
  /** Where the pod has the host's /sys/fs/cgroup, and its /run/systemd/transient. */
  readonly cgroups: string;
  readonly transientUnits: string;
  readonly pods: () => readonly GuardPod[] | undefined;
  /** When the last finished scan of the rules began (performance.now()), and whether it found the node clean; undefined before the first. */
  readonly lastScan: () => { readonly startedAt: number; readonly clean: boolean } | undefined;
  /** Something may have been written that nobody announces: look at the rules soon; or at once, as the switch waits for it. */
  readonly lookAtRules: () => void;
  readonly lookAtRulesNow: () => void;
  readonly onNews: () => void;
  readonly now: () => number;
  readonly logger: Logger;
  /** This machine's, unless a test has its own. */
  readonly kernel?: GuardKernel;
  readonly findMount?: (prefix: string) => string | undefined;
};

/** What a round knows. */
export type GuardRound = Pick<GuardInputs, "order" | "config" | "datapathPresent">;

/** Keeps the guard alive between rounds: signs of life, writers, attempts. */
export class GuardKeeper {
  readonly #options: GuardKeeperOptions;
  readonly #guard: NodeGuard;
  readonly #tellings: GuardTellings;
  readonly #timers: NodeJS.Timeout[];
  readonly #mount: string | undefined;
  /** Attempts that the kernel found no room to tell of, when that was read last. */
  #lost: number | undefined;
  /** The attach for which a scan was asked. */
  #lookedFor: number | undefined;
  /** Paths of cgroups that are pods' or in them, also of those that are gone. */
  #pathOfCgroup = new Map<bigint, string>();
  #named = new Map<string, GuardPod>();

  constructor(options: GuardKeeperOptions) {
    this.#options = options;
    this.#mount = (options.findMount ?? hostCgroupMount)(options.cgroups);
    this.#tellings = new GuardTellings((attempt) => this.#originOf(attempt), options.now);
    const { pinRoot, version, objects, now, logger, onNews: onTampered, kernel } = options;
    const namespace = statSync("/proc/self/ns/net").ino;
    const onAttempt = (attempt: Attempt): void => this.#take(attempt);
    this.#guard = new NodeGuard({ pinRoot, version, objects, namespace, bootTimeNs, now, logger, onAttempt, onTampered, kernel });
    this.#attempt("taking over the guard", () => this.#guard.adopt());
    this.#timers = [
      setInterval(() => this.#attempt("attempts of the guard", () => this.#guard.attend()), ATTEND_MS),
      setInterval(() => this.#attempt("writers of the guard", () => this.followWriters()), WRITERS_MS),
    ];
  }

  /** Which way refuses on this kernel; loads programs the first time, and takes them off again. */
  rung(): GuardObservation["rung"] {
    return this.#guard.rung();
  }

  /** Brings the guard to where this round wants it. @returns why the datapath must not be switched on yet, or undefined. */
  round(round: GuardRound): string | undefined {
    const shown = this.#guard.observe();
    const writersKnown = this.#options.pods() !== undefined && this.#mount !== undefined;
    const wish = decideGuard({
      ...round,
      canRefuse: shown.rung !== "Audit",
      enforcing: shown.mode === "Enforce" || shown.mode === "Strict",
      cleanSinceAttach: this.#cleanSince(shown.attachedAt),
      writersKnown,
    });
    this.#guard.reconcile(wish);
    this.#attempt("writers of the guard", () => this.followWriters());
    const now = this.#guard.observe();
    const attached = now.attachedAt !== undefined;
    if (attached && !this.#cleanSince(now.attachedAt) && this.#lookedFor !== now.attachedAt) {
      this.#lookedFor = now.attachedAt;
      this.#options.lookAtRulesNow();
    }
    if (wish.kind === "on" && now.rung !== "Audit" && this.#mount === undefined)
      return `No cgroups of version 2 are to be seen at ${this.#options.cgroups}, by which the cluster's own writers of rules are told from others.`;
    return guardRefusal({
      wish,
      canRefuse: now.rung !== "Audit",
      attached,
      cleanSinceAttach: this.#cleanSince(now.attachedAt),
      writersKnown,
    });
  }

  observe(): GuardObservation {
    return this.#guard.observe();
  }

  /** Attempts without a permit that the kernel told of, since this process began. */
  attemptsToldOf(): readonly AttemptTotal[] {
    return this.#tellings.totals();
  }

  /** What Events tell of. */
  tellings(node: Regarding): readonly Telling[] {
    const { tampered, counters } = this.#guard.observe();
    this.#countLost(counters?.lost);
    return [...this.#tellings.all(node), ...(tampered ? [tamperedTelling(node, tampered)] : [])];
  }

  /** Tells the kernel who may write, and that somebody is there to tell. */
  followWriters(): void {
    if (this.#guard.observe().attachedAt === undefined || this.#mount === undefined) return;
    const pods = this.#options.pods();
    const cgroups = readCgroups(this.#mount);
    this.#remember(cgroups, pods ?? []);
    this.#guard.beat();
    // as long as nobody has told of the pods, the permits of an earlier agent count: kube-proxy's is among them
    if (pods === undefined) return;
    const transientUnits = listNames(this.#options.transientUnits);
    this.#guard.setWriters(decideWriters({ cgroups, pods: pods.map(asWriter), transientUnits }));
  }

  /** Stops keeping; the guard goes on. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#attempt("last attempts of the guard", () => this.#guard.attend());
    this.#guard.close();
  }

  #cleanSince(attachedAt: number | undefined): boolean {
    const scan = this.#options.lastScan();
    return attachedAt !== undefined && scan !== undefined && scan.clean && scan.startedAt >= attachedAt;
  }

  #take(attempt: Attempt): void {
    // Nobody else tells of the older backends; and who is not permitted may have written where kube-proxy does, which is looked at late.
    if (attempt.kind === "Nftables" ? attempt.verdict === "Audited" : attempt.verdict !== "Denied") this.#options.lookAtRules();
    if (attempt.verdict === "Permitted") return;
    const { kind, verdict, command, pid, cgroupName } = attempt;
    this.#options.logger.warn({ kind, verdict, command, pid, cgroup: cgroupName }, "somebody wants to write a packet filter rule");
    this.#tellings.add(attempt);
    this.#options.onNews();
  }

  /** By the pod's cgroup, or, when it is gone, by the container's id that its name ends with. */
  #originOf({ cgroup, cgroupName }: Attempt): Origin {
    const path = this.#pathOfCgroup.get(cgroup) ?? "";
    const uid = podUidOf(path);
    const pods = [...(this.#options.pods() ?? []), ...this.#named.values()];
    const pod = pods.find((candidate) => candidate.uid === uid || candidate.containerIds.some((id) => cgroupName.includes(id)));
    const container = containerIdOf(path) ?? containerIdOf(cgroupName);
    return { cgroup: cgroupName, container, pod: pod && { kind: "Pod", namespace: pod.namespace, name: shortName(pod), uid: pod.uid } };
  }

  /** Those before this process were another's to tell; a guard that was loaded anew begins at 0. */
  #countLost(lost: number | undefined): void {
    if (lost !== undefined && this.#lost !== undefined) this.#tellings.addLost(lost - (lost < this.#lost ? 0 : this.#lost));
    if (lost !== undefined) this.#lost = lost;
  }

  #remember(cgroups: readonly Cgroup[], pods: readonly GuardPod[]): void {
    for (const { path, id } of cgroups) if (podUidOf(path) !== undefined) this.#pathOfCgroup.set(id, path);
    for (const pod of pods) this.#named.set(pod.uid, pod);
    this.#pathOfCgroup = newest(this.#pathOfCgroup);
    this.#named = newest(this.#named);
  }

  #attempt(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.logger.warn({ cause: explain(error) }, `${what} failed, will be tried again`);
    }
  }
}

function tamperedTelling(regarding: Regarding, tampering: Tampering): Telling {
  return {
    reason: "BlockerTampered",
    regarding,
    key: [...tampering.pins, ...tampering.tables].join(),
    note: whatWasDone(tampering),
    count: tampering.times,
  };
}

function asWriter(pod: GuardPod): WriterPod {
  const { uid, namespace, serviceAccount, controller } = pod;
  return { uid, namespace, name: shortName(pod), serviceAccount, controller };
}

/** A host without systemd has no such folder. */
function listNames(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return new Set();
  }
}

/** The pod's name without its namespace. */
function shortName({ name, namespace }: GuardPod): string {
  return name.startsWith(`${namespace}/`) ? name.slice(namespace.length + 1) : name;
}

function newest<Key, Value>(map: Map<Key, Value>): Map<Key, Value> {
  return map.size <= REMEMBERED_MAX ? map : new Map([...map].slice(-REMEMBERED_MAX / 2));
}
