/** Ports from `first` to `last`, both included. */
export type PortRange = { first: number; last: number };

/** What else uses ports of this node. */
export type PortsInUse = { ephemeral: PortRange; nodePorts: PortRange };

/** Ranges to translate to, longest first, two at most. `shared`: sockets of the node may pick the same ports, now or later. */
export type PortPlan = { ranges: PortRange[]; shared: boolean };

/** Ports below are given to services by name; masquerading them could look like one. */
const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65_535;
/** The programs look into two ranges. */
const RANGES_MAX = 2;
/** Fewer ports than this to one destination are not worth a fast path of their own: 1024 = a busy pod's connections. */
const PORTS_MIN = 1024;

/** kube-proxy's --service-node-port-range when nobody says otherwise. */
export const NODE_PORTS_DEFAULT: PortRange = { first: 30_000, last: 32_767 };
/** net.ipv4.ip_local_port_range of an ordinary kernel. */
export const EPHEMERAL_DEFAULT: PortRange = { first: 32_768, last: 60_999 };

/**
 * Ports that nobody else takes: neither NodePorts nor ports that the node's sockets, or the kernel's own masquerading (which keeps a
 * pod's port), choose by themselves. When too few are left, the ephemeral ones are shared and only the checks at a flow's start protect.
 */
export function planPorts({ ephemeral, nodePorts }: PortsInUse): PortPlan {
  const apart = longest(without(without([{ first: LOWEST_PORT, last: HIGHEST_PORT }], nodePorts), ephemeral));
  if (apart.reduce((sum, range) => sum + lengthOf(range), 0) >= PORTS_MIN) return { ranges: apart, shared: false };
  return { ranges: longest(without([{ first: LOWEST_PORT, last: HIGHEST_PORT }], nodePorts)), shared: true };
}

/** Reads `30000-32767`, or two numbers apart by blanks; undefined when it is no range of ports. */
export function readPortRange(text: string): PortRange | undefined {
  const match = /^\s*(\d{1,5})[\s-]+(\d{1,5})\s*$/.exec(text);
  if (!match) return undefined;
  const range = { first: Number(match[1]), last: Number(match[2]) };
  return range.first <= range.last && range.last <= HIGHEST_PORT ? range : undefined;
}

/** Reads net.ipv4.ip_local_reserved_ports: `8080,9000-9100`. What is no range is left out. */
export function readPortList(text: string): PortRange[] {
  return text
    .split(",")
    .map((part) => (part.includes("-") ? readPortRange(part) : readPortRange(`${part}-${part}`)))
    .filter((range) => range !== undefined);
}

function without(ranges: readonly PortRange[], taken: PortRange): PortRange[] {
  return ranges
    .flatMap(({ first, last }) => [
      { first, last: Math.min(last, taken.first - 1) },
      { first: Math.max(first, taken.last + 1), last },
    ])
    .filter(({ first, last }) => first <= last);
}

function longest(ranges: readonly PortRange[]): PortRange[] {
  return ranges.toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, RANGES_MAX);
}

function lengthOf({ first, last }: PortRange): number {
  return last - first + 1;
}
