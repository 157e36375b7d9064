import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { attempt } from "./probe-attempt.ts";
import type { ProbeTarget } from "./probe-target.ts";

const PATIENCE_MS = 100;
const PATIENCE = { leastMs: PATIENCE_MS, mostMs: PATIENCE_MS, isProof: () => true };
/** Whoever serves names, as a thread of its own: it answers while the one that asks stands still. */
const NAME_SERVER = `
  const { parentPort, workerData: answered } = require("node:worker_threads");
  const socket = require("node:dgram").createSocket("udp4");
  const tell = () => Atomics.store(answered, 0, 1) && Atomics.notify(answered, 0);
  socket.on("message", (question, from) => socket.send(question, from.port, from.address, tell));
  socket.bind(0, "127.0.0.1", () => parentPort.postMessage(socket.address().port));
`;

function target(by: ProbeTarget["by"], port: number): ProbeTarget {
  return { name: "somebody", by, address: "127.0.0.1", port, expected: "Denied" };
}

/** The thread does nothing, as on a node that has no processor left for it. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe("an attempt to reach somebody", () => {
  it("has an answer that came while this process stood still: TCP", async (t) => {
    const server = createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const tried = attempt(target("Tcp", (server.address() as AddressInfo).port), PATIENCE);
    standStill(3 * PATIENCE_MS);
    assert.equal((await tried).kind, "Answered");
  });

  it("has an answer that came while this process stood still: a question about names", async (t) => {
    const answered = new Int32Array(new SharedArrayBuffer(4));
    const server = new Worker(NAME_SERVER, { eval: true, workerData: answered });
    t.after(() => server.terminate());
    const [port] = (await once(server, "message")) as [number];
    const tried = attempt(target("Dns", port), PATIENCE);
    // the question leaves
    await new Promise((resolve) => setImmediate(resolve));
    assert.notEqual(Atomics.wait(answered, 0, 0, 20_000), "timed-out");
    standStill(3 * PATIENCE_MS);
    assert.equal((await tried).kind, "Answered");
  });

  it("has none where nobody answers, and is waited for as long as was said", async (t) => {
    const server = new Worker(NAME_SERVER.replace("socket.send", "(() => {})"), { eval: true });
    t.after(() => server.terminate());
    const [port] = (await once(server, "message")) as [number];
    const tried = await attempt(target("Dns", port), PATIENCE);
    assert.ok(tried.kind === "NoAnswer" && tried.ms >= PATIENCE_MS, JSON.stringify(tried));
  });

  it("waits on while silence proves nothing, and has an answer that comes then", async (t) => {
    const server = new Worker(
      NAME_SERVER.replace("socket.send", "++asked > 2 && socket.send").replace("const tell", "let asked = 0; const tell"),
      {
        eval: true,
        workerData: new Int32Array(new SharedArrayBuffer(4)),
      },
    );
    t.after(() => server.terminate());
    const [port] = (await once(server, "message")) as [number];
    const tried = await attempt(target("Dns", port), { leastMs: PATIENCE_MS, mostMs: 60_000, isProof: () => false });
    assert.equal(tried.kind, "Answered");
  });

  it("ends where silence proves nothing for so long", async (t) => {
    const server = new Worker(NAME_SERVER.replace("socket.send", "(() => {})"), { eval: true });
    t.after(() => server.terminate());
    const [port] = (await once(server, "message")) as [number];
    const tried = await attempt(target("Dns", port), { leastMs: PATIENCE_MS, mostMs: 3 * PATIENCE_MS, isProof: () => false });
    assert.ok(tried.kind === "NoAnswer" && tried.ms >= 3 * PATIENCE_MS - 2);
  });

  it("is rejected where nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(await attempt(target("Tcp", port), { ...PATIENCE, leastMs: 10_000 }), { kind: "Rejected", code: "ECONNREFUSED" });
  });
});
