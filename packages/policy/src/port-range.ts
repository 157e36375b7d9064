/** Ports of a transport protocol, both ends included, 1–65535. */
export type PortRange = { readonly from: number; readonly to: number };

const PORT_MAX = 65_535;

/** Reads `80`, `80:90` and `80-90`. Port 0 carries no traffic and means "all" to Cilium: a range that begins there begins at 1, 0 alone is undefined. */
export function parsePorts(text: string): PortRange | undefined {
  const [, first = "", , last] = /^(\d{1,5})([:-](\d{1,5}))?$/.exec(text) ?? [];
  if (first === "") return undefined;
  const from = Math.max(1, Number(first));
  const to = Number(last ?? first);
  return from <= to && to <= PORT_MAX ? { from, to } : undefined;
}

/** Whether some port is in both; no ranges at all are all ports. */
export function portsOverlap(a: readonly PortRange[], b: readonly PortRange[]): boolean {
  if (a.length === 0 || b.length === 0) return true;
  return a.some((one) => b.some((other) => one.from <= other.to && other.from <= one.to));
}
