import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PodTcpTotals, tcpCounters, type TcpCounters } from "./pod-tcp-totals.ts";

const tcp = (segments: number, retransmitted = 0, resets = 0): TcpCounters => ({ segments, retransmitted, resets });

describe("PodTcpTotals", () => {
  it("knows nothing before anybody looked", () => assert.equal(new PodTcpTotals().current(), undefined));

  it("counts from its first sight of a namespace, and keeps what one counted that is gone", () => {
    const totals = new PodTcpTotals();
    totals.add([{ cookie: 1n, tcp: tcp(1000, 10, 1) }]);
    assert.deepEqual(totals.current(), tcp(0));
    totals.add([
      { cookie: 1n, tcp: tcp(1100, 12, 2) },
      { cookie: 2n, tcp: tcp(500) },
    ]);
    assert.deepEqual(totals.current(), tcp(100, 2, 1));
    totals.add([{ cookie: 2n, tcp: tcp(530, 0, 4) }]);
    assert.deepEqual(totals.current(), tcp(130, 2, 5));
  });

  it("takes nothing of a namespace that followed another for growth of the one before", () => {
    const totals = new PodTcpTotals();
    totals.add([{ cookie: 1n, tcp: tcp(1000) }]);
    totals.add([{ cookie: 2n, tcp: tcp(4000, 1) }]);
    totals.add([{ cookie: 2n, tcp: tcp(4040, 1) }]);
    assert.deepEqual(totals.current(), tcp(40));
  });

  it("leaves out what was not understood", () => {
    const totals = new PodTcpTotals();
    totals.add([{ cookie: 1n, tcp: undefined }]);
    assert.deepEqual(totals.current(), tcp(0));
  });
});

describe("tcpCounters", () => {
  it("needs all three", () => {
    assert.deepEqual(tcpCounters("Tcp: EstabResets OutSegs RetransSegs\nTcp: 1 2 3\n"), tcp(2, 3, 1));
    assert.equal(tcpCounters("Tcp: EstabResets OutSegs\nTcp: 1 2\n"), undefined);
  });
});
