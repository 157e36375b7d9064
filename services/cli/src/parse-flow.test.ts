import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError, type FlowTuple } from "@hostrouting/domain";
import { parseFlow } from "./parse-flow.ts";

const end = (address: string, port: number): FlowTuple["source"] => ({ address, port });

describe("a flow on the command line", () => {
  const good: [string, FlowTuple][] = [
    ["tcp 10.244.1.5:40000 10.244.2.7:80", { protocol: "tcp", source: end("10.244.1.5", 40_000), destination: end("10.244.2.7", 80) }],
    ["udp [fd00::5]:4000 [fd00::7]:53", { protocol: "udp", source: end("fd00::5", 4000), destination: end("fd00::7", 53) }],
    ["icmp 10.244.1.5 10.244.2.7", { protocol: "icmp", source: end("10.244.1.5", 0), destination: end("10.244.2.7", 0) }],
    ["icmp fd00::5 [fd00::7]", { protocol: "icmp", source: end("fd00::5", 0), destination: end("fd00::7", 0) }],
  ];
  for (const [text, expected] of good)
    it(text, () => {
      assert.deepEqual(parseFlow(text.split(" ")), expected);
    });

  const bad: [string, string][] = [
    ["tcp 10.244.1.5:1", "A flow has three words, not 2"],
    ["tcp 10.244.1.5:1 10.244.2.7:2 now", "A flow has three words, not 4"],
    ["sctp 10.244.1.5:1 10.244.2.7:2", '"sctp" is none of tcp, udp and icmp'],
    ["tcp 10.244.1.5 10.244.2.7:2", '"10.244.1.5" lacks a port'],
    ["tcp fd00::5 [fd00::7]:2", '"fd00::5" lacks a port'],
    ["tcp fd00::5:80 [fd00::7]:2", '"fd00::5:80" lacks a port'],
    ["tcp 10.244.1.5:0 10.244.2.7:2", '"10.244.1.5:0": a port is 1 to 65535'],
    ["tcp 10.244.1.5:65536 10.244.2.7:2", '"10.244.1.5:65536": a port is 1 to 65535'],
    ["tcp 10.244.1.5:http 10.244.2.7:2", '"10.244.1.5:http" has no IP address'],
    ["tcp 10.244.1.256:1 10.244.2.7:2", '"10.244.1.256:1" has no IP address'],
    ["tcp [10.244.1.5]:1 10.244.2.7:2", '"[10.244.1.5]:1" has no IP address'],
    ["udp fe80::1%eth0 [fd00::7]:2", '"fe80::1%eth0" has no IP address'],
    ["udp web:1 10.244.2.7:2", '"web:1" has no IP address'],
    ["icmp 10.244.1.5:7 10.244.2.7", '"10.244.1.5:7" has a port, which ICMP has not'],
    ["tcp 10.244.1.5:1 [fd00::7]:2", "10.244.1.5 and fd00::7 are of two address families"],
  ];
  for (const [text, problem] of bad)
    it(`refuses ${text}`, () => {
      assert.throws(
        () => parseFlow(text.split(" ")),
        (error) => error instanceof AppError && error.code === "cli.bad-flow" && error.message === problem && error.remedy !== "",
      );
    });
});
