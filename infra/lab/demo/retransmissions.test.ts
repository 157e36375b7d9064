import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRetransmissions, readRetransmissions } from "./retransmissions.ts";

test("retransmissions are read by name, wherever the kernel puts them", () => {
  const text =
    "Tcp: InErrs OutRsts\nTcp: 0 4\nTcpExt: SyncookiesSent TCPSynRetrans TCPTimeouts\nTcpExt: 1 2 3\nIpExt: InNoRoutes\nIpExt: 9\n";
  assert.deepEqual(parseRetransmissions(text), { syn: 2, timeouts: 3, resetsSent: 4 });
});

test("what is not there is no number", () => {
  assert.deepEqual(parseRetransmissions(""), { syn: Number.NaN, timeouts: Number.NaN, resetsSent: Number.NaN });
});

test("this machine's kernel has all of them", () => {
  const { syn, timeouts, resetsSent } = readRetransmissions();
  assert.ok(syn >= 0 && timeouts >= 0 && resetsSent >= 0);
});
