import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { PodHealth, PodIdentity } from "../pods/node-pod.ts";
import { conntrackDropped, cpuTicks, namedCounter, ownMemory, sysctlNumber, type CpuTicks } from "./kernel-texts.ts";
import type { TcpCounters } from "./pod-tcp-totals.ts";

/** `status.figures`. */
export type Figures = NonNullable<HostRoutingNodeStatus["figures"]>;

/**
 * Where figures come from. `read`: a file's text, empty where there is none; `pods`: undefined as long as nobody has listed them; `routing`: a digest of
 * the node's routing rules, undefined where they cannot be read; `cpuMicros`: processor time of this process; `now`: the node's clock.
 */
export type FigureSources = {
  readonly read: (path: string) => string;
  readonly tcp: () => TcpCounters | undefined;
  readonly pods: () => readonly (PodHealth & Pick<PodIdentity, "uid">)[] | undefined;
  readonly routing: () => string | undefined;
  readonly cpuMicros: () => number;
  readonly now: () => number;
};

/** What the kernel counts since it booted. */
type Counted = {
  readonly cpu: CpuTicks | undefined;
  readonly noRoute: number | undefined;
  readonly dropped: number | undefined;
};

/**
 * The few figures by which nodes are compared, the same on nodes that host routing is on for and on the others. Counters grow from 0 when the agent
 * begins, so that whoever looks once knows over what time. What cannot be read is left out.
 */
export class NodeFigures {
  readonly #sources: FigureSources;
  readonly #since: string;
  readonly #first: Counted;
  #wereReady: ReadonlySet<string> = new Set();

  constructor(sources: FigureSources) {
    this.#sources = sources;
    this.#since = new Date(sources.now()).toISOString();
    this.#first = this.#count();
  }

  /** The figures of now. @param natFull share of the table of translated flows that is taken, undefined where it is not loaded */
  observe(natFull: number | undefined): Figures {
    const { read, tcp, routing, cpuMicros } = this.#sources;
    const { cpu, noRoute, dropped } = this.#count();
    const memoryBytes = ownMemory(read("/proc/self/status"));
    const ticks = cpu && this.#first.cpu && { total: cpu.total - this.#first.cpu.total, softirq: cpu.softirq - this.#first.cpu.softirq };
    return defined({
      since: this.#since,
      cpu: ticks,
      tcp: tcp(),
      noRoute: difference(noRoute, this.#first.noRoute),
      conntrack: this.#conntrack(difference(dropped, this.#first.dropped)),
      natFull,
      pods: this.#pods(),
      routing: routing(),
      agent: memoryBytes === undefined ? undefined : { cpuMs: Math.round(cpuMicros() / 1000), memoryBytes },
    });
  }

  #count(): Counted {
    const { read } = this.#sources;
    const [out, into] = [
      namedCounter(read("/proc/net/snmp"), "Ip", "OutNoRoutes"),
      namedCounter(read("/proc/net/netstat"), "IpExt", "InNoRoutes"),
    ];
    return {
      cpu: cpuTicks(read("/proc/stat")),
      noRoute: out === undefined || into === undefined ? undefined : out + into,
      dropped: conntrackDropped(read("/proc/net/stat/nf_conntrack")),
    };
  }

  #conntrack(dropped: number | undefined): Figures["conntrack"] {
    const { read } = this.#sources;
    const entries = sysctlNumber(read("/proc/sys/net/netfilter/nf_conntrack_count"));
    const max = sysctlNumber(read("/proc/sys/net/netfilter/nf_conntrack_max"));
    return entries === undefined || max === undefined || dropped === undefined ? undefined : { entries, max, dropped };
  }

  /** The kubelet's probes show in whether pods stay ready; the agent asks no kubelet. One that has yet to become ready says nothing. */
  #pods(): Figures["pods"] {
    const judged = this.#sources.pods()?.filter(({ isReady }) => isReady !== undefined);
    if (judged === undefined) return undefined;
    this.#wereReady = new Set(judged.filter(({ uid, isReady }) => isReady === true || this.#wereReady.has(uid)).map(({ uid }) => uid));
    return {
      running: this.#wereReady.size,
      notReady: judged.filter(({ uid, isReady }) => isReady === false && this.#wereReady.has(uid)).length,
    };
  }
}

/** Without the members that are not known. */
function defined<Members extends object>(members: Members): { [Key in keyof Members]: Exclude<Members[Key], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Members]: Exclude<Members[Key], undefined>;
  };
}

function difference(now: number | undefined, first: number | undefined): number | undefined {
  return now === undefined || first === undefined ? undefined : Math.max(0, now - first);
}
