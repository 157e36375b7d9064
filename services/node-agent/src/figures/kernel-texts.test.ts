import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conntrackDropped, cpuTicks, namedCounter, ownMemory, sysctlNumber } from "./kernel-texts.ts";

/** As Linux 6.18 writes them. */
const STAT = `cpu  3185873 57202 719456 1092876 8630 0 69965 6350 0 0
cpu0 1593262 28735 359806 545747 4308 0 35072 3173 0 0
intr 123 0`;
const SNMP = `Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes
Ip: 1 64 2990531 0 0 0 0 0 2990531 2935217 20 7
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 10 11 12 13 14 15 16 17 18 19 20
`;
const CONNTRACK = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000010  00000000 00000000 00000000 00000005 00000000 00000000 00000000 00000000 00000003 0000000a 00000001 00000000  00000000 00000000 00000000 00000000
00000010  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000002 00000000 00000000  00000000 00000000 00000000 00000000
`;

describe("cpuTicks", () => {
  it("sums the machine's time without counting guests twice", () => {
    assert.deepEqual(cpuTicks(STAT), { total: 3185873 + 57202 + 719456 + 1092876 + 8630 + 69965 + 6350, softirq: 69965 });
  });

  it("says nothing of what it does not understand", () => {
    for (const text of ["", "cpu", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8", "cpu  1 2 3 4 5 6 x 8"]) assert.equal(cpuTicks(text), undefined);
  });
});

describe("namedCounter", () => {
  it("finds a figure under its name", () => {
    assert.deepEqual(
      [namedCounter(SNMP, "Ip", "OutNoRoutes"), namedCounter(SNMP, "Tcp", "EstabResets"), namedCounter(SNMP, "Tcp", "RetransSegs")],
      [7, 13, 17],
    );
  });

  it("says nothing where a group, a name or its figure is missing, or where it is no count", () => {
    const missing = [
      namedCounter(SNMP, "Udp", "InErrors"),
      namedCounter(SNMP, "Tcp", "Nothing"),
      namedCounter("Tcp: A\n", "Tcp", "A"),
      namedCounter(SNMP, "Tcp", "MaxConn"),
      namedCounter("", "Tcp", "A"),
    ];
    assert.deepEqual(missing, [undefined, undefined, undefined, undefined, undefined]);
  });
});

describe("conntrackDropped", () => {
  it("sums what was dropped over processors, in hexadecimal", () => assert.equal(conntrackDropped(CONNTRACK), 0xa + 1 + 2));

  it("says nothing where there is no table or no such column", () => {
    for (const text of ["", "entries drop\n1 2", "drop early_drop", "drop early_drop\nz z"])
      assert.equal(conntrackDropped(text), undefined);
  });
});

describe("sysctlNumber", () => {
  it("reads a whole number and nothing else", () => {
    assert.deepEqual(["262144\n", "0", "", "x", "-1", "1.5"].map(sysctlNumber), [262144, 0, undefined, undefined, undefined, undefined]);
  });
});

describe("ownMemory", () => {
  it("is what no other process shares", () => {
    assert.equal(ownMemory("Name:\tnode\nVmRSS:\t   90000 kB\nRssAnon:\t   30000 kB\nRssFile:\t   60000 kB\n"), 30000 * 1024);
    assert.equal(ownMemory("Name:\tnode\n"), undefined);
  });
});
