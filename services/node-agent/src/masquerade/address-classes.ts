import { addressBytes } from "@hostrouting/bpf-loader";
import { ADDRESS_CLASS } from "../host-routing/kernel-layout.ts";

/** The cluster's addressing: `podRanges` of all nodes, `ownRanges` of this one. */
export type ClusterRanges = { podRanges: readonly string[]; ownRanges: readonly string[]; serviceRanges: readonly string[] };

/**
 * What decides about addresses outside the cluster. `native`: routed as they are; `doubtful`: the configuration and the node's rules
 * disagree about them; `service`: addresses that kube-proxy translates; `families`: those in which all else is masqueraded.
 */
export type OutsideRanges = {
  native: readonly string[];
  doubtful: readonly string[];
  service: readonly string[];
  families: readonly (4 | 6)[];
};

/**
 * Never ours, whatever a configuration says: this host, loopback, link-local, multicast, broadcast, and the platform's own address
 * (168.63.129.16), which the node's rules keep from pods.
 */
const RESERVED = [
  ...["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "168.63.129.16/32"],
  ...["::/128", "::1/128", "fe80::/10", "ff00::/8"],
];

const EVERYTHING = { 4: "0.0.0.0/0", 6: "::/0" } as const;

/**
 * The class of every range, for a table in which the longest prefix decides. In order of writing: what goes to the stack comes before
 * what is masqueraded, so that no address is masqueraded for a moment only because its own entry is not there yet.
 */
export function addressClasses(cluster: ClusterRanges, outside: OutsideRanges | undefined): Map<string, number> {
  const classes = new Map<string, number>();
  const set = (ranges: readonly string[], addressClass: number): void => {
    for (const range of ranges) if (!classes.has(range)) classes.set(range, addressClass);
  };
  const service = [...cluster.serviceRanges, ...(outside?.service ?? [])];
  set(service, ADDRESS_CLASS.STACK);
  set(cluster.ownRanges, ADDRESS_CLASS.OWN_NODE);
  set(cluster.podRanges, ADDRESS_CLASS.NATIVE);
  if (!outside) return classes;
  set(RESERVED, ADDRESS_CLASS.STACK);
  // a longer prefix would win inside a range that has been decided already
  const decided = [...cluster.serviceRanges, ...cluster.ownRanges, ...cluster.podRanges, ...RESERVED];
  const undecided = (range: string): boolean => !decided.some((around) => contains(around, range));
  set(outside.doubtful.filter(undecided), ADDRESS_CLASS.STACK);
  set(outside.native.filter(undecided), ADDRESS_CLASS.NATIVE);
  set(
    outside.families.map((family) => EVERYTHING[family]),
    ADDRESS_CLASS.MASQUERADE,
  );
  return classes;
}

/** Whether every address of `inner` is in `outer`. Ranges and addresses are in their usual notation. */
export function contains(outer: string, inner: string): boolean {
  const [around, aroundBits] = split(outer);
  const [within, withinBits] = split(inner);
  return around.length === within.length && aroundBits <= withinBits && sameBits(around, within, aroundBits);
}

function split(range: string): [bytes: Buffer, bits: number] {
  const [address = "", length] = range.split("/");
  const bytes = addressBytes(address);
  return [bytes, length === undefined ? bytes.length * 8 : Number(length)];
}

function sameBits(a: Buffer, b: Buffer, bits: number): boolean {
  return a.every((byte, at) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - at * 8))) & 0xff;
    return (byte & mask) === ((b[at] ?? 0) & mask);
  });
}
