import { readFileSync } from "node:fs";

/** What the kernel of this network namespace had to send again: a handshake's first packet, and anything after a timeout. */
export interface Retransmissions {
  readonly syn: number;
  readonly timeouts: number;
}

/** Reads the TcpExt lines of /proc/net/netstat (net/ipv4/proc.c): one line of names, one of values. */
export function parseRetransmissions(text: string): Retransmissions {
  const [names, values] = text
    .split("\n")
    .filter((line) => line.startsWith("TcpExt:"))
    .map((line) => line.split(" "));
  const read = (name: string): number => Number(values?.[names?.indexOf(name) ?? -1] ?? Number.NaN);
  return { syn: read("TCPSynRetrans"), timeouts: read("TCPTimeouts") };
}

/** As the kernel counts them now. */
export function readRetransmissions(): Retransmissions {
  return parseRetransmissions(readFileSync("/proc/net/netstat", "utf8"));
}
