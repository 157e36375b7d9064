import { readFileSync } from "node:fs";

/** What the kernel of this network namespace had to send again: a handshake's first packet, and anything after a timeout. */
export interface Retransmissions {
  readonly syn: number;
  readonly timeouts: number;
  /** Resets sent. Each answers a packet that no connection here expected: in a handshake, the word of a server's TIME_WAIT. */
  readonly resetsSent: number;
}

/** Reads the lines Tcp of /proc/net/snmp and TcpExt of /proc/net/netstat (net/ipv4/proc.c): one line of names, one of values. */
export function parseRetransmissions(text: string): Retransmissions {
  const read = (group: string, name: string): number => {
    const [names, values] = text
      .split("\n")
      .filter((line) => line.startsWith(`${group}:`))
      .map((line) => line.split(" "));
    return Number(values?.[names?.indexOf(name) ?? -1] ?? Number.NaN);
  };
  return { syn: read("TcpExt", "TCPSynRetrans"), timeouts: read("TcpExt", "TCPTimeouts"), resetsSent: read("Tcp", "OutRsts") };
}

/** As the kernel counts them now. */
export function readRetransmissions(): Retransmissions {
  return parseRetransmissions(`${readFileSync("/proc/net/snmp", "utf8")}\n${readFileSync("/proc/net/netstat", "utf8")}`);
}
