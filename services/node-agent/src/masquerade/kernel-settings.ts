import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EPHEMERAL_DEFAULT, readPortList, readPortRange, type PortRange } from "./port-ranges.ts";

/** How long a translated flow may be silent, seconds. */
export type Timeouts = {
  tcpEstablished: number;
  tcpSyn: number;
  tcpClosing: number;
  udp: number;
  udpStream: number;
  icmp: number;
};

/** What the node's kernel is set to, as far as masquerading follows it. */
export type KernelSettings = { timeouts: Timeouts; ephemeral: PortRange; reserved: PortRange[] };

const ROOT = "/proc/sys/net";

/**
 * The kernel's own defaults, for a node where nf_conntrack is not loaded. An unanswered SYN and a closing connection are given what a
 * handshake and a FIN handshake need, not the minutes that conntrack keeps them: their ports are used again soon.
 */
const DEFAULTS: Timeouts = { tcpEstablished: 432_000, tcpSyn: 60, tcpClosing: 10, udp: 30, udpStream: 120, icmp: 30 };

/** Reads the settings of the current network namespace. What cannot be read counts as the kernel's default. @param root of the settings. */
export function readKernelSettings(root: string = ROOT): KernelSettings {
  const seconds = (name: string, fallback: number): number => {
    const value = Number(readSetting(root, `netfilter/nf_conntrack_${name}`));
    return Number.isInteger(value) && value > 0 ? value : fallback;
  };
  return {
    timeouts: {
      ...DEFAULTS,
      tcpEstablished: seconds("tcp_timeout_established", DEFAULTS.tcpEstablished),
      udp: seconds("udp_timeout", DEFAULTS.udp),
      udpStream: seconds("udp_timeout_stream", DEFAULTS.udpStream),
      icmp: seconds("icmp_timeout", DEFAULTS.icmp),
    },
    ephemeral: readPortRange(readSetting(root, "ipv4/ip_local_port_range")) ?? EPHEMERAL_DEFAULT,
    reserved: readPortList(readSetting(root, "ipv4/ip_local_reserved_ports")),
  };
}

function readSetting(root: string, name: string): string {
  try {
    return readFileSync(join(root, name), "utf8");
  } catch {
    return "";
  }
}
