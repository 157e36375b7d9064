/** Processor time of the whole machine in ticks since it booted: all of it, and what went into software interrupts, where packets are forwarded. */
export type CpuTicks = { readonly total: number; readonly softirq: number };

/** user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user already. */
const CPU_FIELDS = 8;
const SOFTIRQ_FIELD = 6;

/** The first line of /proc/stat; undefined where it is not understood. */
export function cpuTicks(stat: string): CpuTicks | undefined {
  const [name, ...fields] = (stat.split("\n")[0] ?? "").split(/\s+/);
  const ticks = fields.slice(0, CPU_FIELDS).map(Number);
  const softirq = ticks[SOFTIRQ_FIELD];
  if (name !== "cpu" || softirq === undefined || !ticks.every(isCount)) return undefined;
  return { total: ticks.reduce((sum, value) => sum + value, 0), softirq };
}

/** A counter of /proc/net/snmp or /proc/net/netstat, where names stand on one line and figures on the next; undefined where there is none. */
export function namedCounter(text: string, group: string, name: string): number | undefined {
  const [names, figures] = text.split("\n").filter((line) => line.startsWith(`${group}:`));
  const at = names?.split(" ").indexOf(name) ?? -1;
  const value = at < 0 ? Number.NaN : Number(figures?.split(" ")[at]);
  return isCount(value) ? value : undefined;
}

/** Columns of /proc/net/stat/nf_conntrack whose packets were dropped. A failed insertion is left out: two answers to one question make one. */
const DROPPED_COLUMNS = ["drop", "early_drop"] as const;

/** Packets and flows that connection tracking dropped, over all processors: /proc/net/stat/nf_conntrack, in hexadecimal; undefined where there is none. */
export function conntrackDropped(text: string): number | undefined {
  const [head = "", ...rows] = text.trim().split("\n");
  const columns = head.trim().split(/\s+/);
  const places = DROPPED_COLUMNS.map((name) => columns.indexOf(name));
  if (rows.length === 0 || places.includes(-1)) return undefined;
  const values = rows.flatMap((row) => places.map((at) => Number.parseInt(row.trim().split(/\s+/)[at] ?? "", 16)));
  return values.every(isCount) ? values.reduce((sum, value) => sum + value, 0) : undefined;
}

/** The whole number that a file of /proc/sys holds; undefined where it is none. */
export function sysctlNumber(text: string): number | undefined {
  const value = text.trim() === "" ? Number.NaN : Number(text.trim());
  return isCount(value) ? value : undefined;
}

/** Memory that is this process's alone, in bytes: what other agents of the same image share is left out. Of /proc/self/status. */
export function ownMemory(status: string): number | undefined {
  const kib = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]);
  return isCount(kib) ? kib * 1024 : undefined;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
