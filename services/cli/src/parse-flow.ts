import { isIP } from "node:net";
import { AppError, type FlowEnd, type FlowTuple } from "@hostrouting/domain";

const PORT_MAX = 65_535;
const EXAMPLE = "Write it as: tcp 10.244.1.5:40000 10.244.2.7:80, udp [fd00::5]:4000 [fd00::7]:53, or icmp 10.244.1.5 10.244.2.7.";

/** Reads a flow from its three words: protocol, source, destination. @throws AppError `cli.bad-flow` */
export function parseFlow(words: readonly string[]): FlowTuple {
  const [protocol, source, destination] = words;
  if (source === undefined || destination === undefined || words.length > 3) throw badFlow(`A flow has three words, not ${words.length}`);
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "icmp") throw badFlow(`"${protocol}" is none of tcp, udp and icmp`);
  const flow: FlowTuple = { protocol, source: parseEnd(source, protocol), destination: parseEnd(destination, protocol) };
  if (isIP(flow.source.address) !== isIP(flow.destination.address))
    throw badFlow(`${flow.source.address} and ${flow.destination.address} are of two address families`);
  return flow;
}

function parseEnd(text: string, protocol: FlowTuple["protocol"]): FlowEnd {
  const bracketed = /^\[(.+)\](?::(\d+))?$/.exec(text);
  const plain = /^([^:]+)(?::(\d+))?$/.exec(text);
  const [, address = text, port] = bracketed ?? plain ?? [];
  const family = isIP(address);
  if (family === 0 || address.includes("%") || (bracketed !== null && family !== 6)) throw badFlow(`"${text}" has no IP address`);
  if (protocol === "icmp") {
    if (port !== undefined) throw badFlow(`"${text}" has a port, which ICMP has not`);
    return { address, port: 0 };
  }
  if (port === undefined) throw badFlow(`"${text}" lacks a port`);
  if (Number(port) < 1 || Number(port) > PORT_MAX) throw badFlow(`"${text}": a port is 1 to ${PORT_MAX}`);
  return { address, port: Number(port) };
}

function badFlow(say: string): AppError {
  return new AppError("cli.bad-flow", { say, do: EXAMPLE });
}
