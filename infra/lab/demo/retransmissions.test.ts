import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRetransmissions, readRetransmissions } from "./retransmissions.ts";

test("retransmissions are read by name, wherever the kernel puts them", () => {
  const text = "TcpExt: SyncookiesSent TCPSynRetrans TCPTimeouts\nTcpExt: 1 2 3\nIpExt: InNoRoutes\nIpExt: 9\n";
  assert.deepEqual(parseRetransmissions(text), { syn: 2, timeouts: 3 });
});

test("what is not there is no number", () => {
  assert.deepEqual(parseRetransmissions(""), { syn: Number.NaN, timeouts: Number.NaN });
});

test("this machine's kernel has both", () => {
  const { syn, timeouts } = readRetransmissions();
  assert.ok(syn >= 0 && timeouts >= 0);
});
