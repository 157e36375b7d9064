import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { runInPod } from "./run-in-pod.ts";

const ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [STDOUT, STATUS] = [1, 3];
const PROGRAM = { namespace: "kube-system", pod: "cilium-1", container: "cilium-agent", command: ["cilium-dbg"], timeoutMs: 1_000 };

/** One frame of RFC 6455 with a channel's bytes, as a server sends it. */
function frame(channel: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt8(0x82, 0);
  head.writeUInt8(127, 1);
  head.writeBigUInt64BE(BigInt(bytes.length + 1), 2);
  return Buffer.concat([head, Buffer.from([channel]), bytes]);
}

/** An API server that answers each exec with these frames; `ended` comes when the client has let go of the connection. */
async function startServer(frames: readonly Buffer[]) {
  const ended = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("upgrade", ({ headers }, socket: Socket) => {
    const key = createHash("sha1").update(`${headers["sec-websocket-key"]}${ACCEPT}`).digest("base64");
    const answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${key}`];
    sockets.add(socket);
    socket.on("error", () => undefined).on("end", () => ended.resolve());
    socket.resume().write(`${[...answer, "Sec-WebSocket-Protocol: v4.channel.k8s.io"].join("\r\n")}\r\n\r\n`);
    // What is sent with the handshake would be read before anybody could be told that the connection is open.
    setTimeout(() => frames.forEach((each) => socket.write(each)), 50);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  config.loadFromClusterAndUser({ name: "c", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }, { name: "u" });
  const stop = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { config, ended: ended.promise, stop };
}

const success = frame(STATUS, Buffer.from(JSON.stringify({ status: "Success" })));
const cases = {
  "a program's output that has no end": { frames: [frame(STDOUT, Buffer.alloc(2 * 1024 * 1024, "x")), success], says: /no end/ },
  "a status that is no JSON": { frames: [frame(STATUS, Buffer.from("oops"))], says: /JSON/ },
  "bytes of a channel that there is not": { frames: [frame(9, Buffer.from("oops"))], says: /Unknown stream/ },
  "a frame without a channel": { frames: [Buffer.from([0x82, 0])], says: /out of range|bounds/ },
};

for (const [what, { frames, says }] of Object.entries(cases))
  test(`${what} is that program's failure, and ends no process`, async () => {
    const { config, stop } = await startServer(frames);
    await assert.rejects(runInPod(config, PROGRAM), says).finally(stop);
  });

test("a program that ends is answered with what it wrote", async () => {
  const { config, stop } = await startServer([frame(STDOUT, Buffer.from("{}")), success]);
  assert.deepEqual(await runInPod(config, PROGRAM).finally(stop), { stdout: "{}", stderr: "", exitCode: 0 });
});

test("the connection of a program that does not answer in time is given up", async () => {
  const { config, ended, stop } = await startServer([]);
  try {
    await assert.rejects(runInPod(config, { ...PROGRAM, timeoutMs: 200 }), /no answer in 0.2 s/);
    const isKept = new Promise((resolve) => setTimeout(resolve, 1_000, "kept"));
    assert.notEqual(await Promise.race([ended, isKept]), "kept");
  } finally {
    stop();
  }
});
