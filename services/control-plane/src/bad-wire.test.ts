/** Bytes on the wire that no good client sends: too many, too slow, or no HTTP. Each gets an ARM error or an end, in bounded time. */
import assert from "node:assert/strict";
import { connect as connectPlain, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { CLUSTER, VERSION, checkRefusal, checkUntouched, put, registerClusters } from "./testing/bad-requests.ts";
import { makeCluster } from "./testing/test-cluster.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

/** Of a surface on which clients must be quick. */
const TIMEOUT_MS = 1_000;
/** Between two bytes of a slow client. */
const DRIP_MS = 20;
/** No refusal takes as long on any machine; what does hangs. */
const HANGS_MS = 20_000;
const BODY_MAX = 4 * 1024 * 1024;

let surface: TestSurface;
let quick: TestSurface;
before(async () => {
  surface = await startTestSurface();
  quick = await startTestSurface({ requestTimeoutMs: TIMEOUT_MS });
  await registerClusters(surface.store);
  await surface.store.clusters.register(makeCluster("double"), {});
});
after(() => Promise.all([surface.close(), quick.close()]));

/** All that the other end sends until it ends the connection. What it thinks of what we still write does not matter. */
async function everything(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`The connection is still open; it said: ${text}`));
    }, HANGS_MS);
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

function open(to: TestSurface): TLSSocket {
  return connect({ host: "127.0.0.1", port: to.port, rejectUnauthorized: false });
}

/** What comes back for bytes; `drip` is sent bit by bit after them, without end. */
async function say(to: TestSurface, bytes: string, drip?: string): Promise<string> {
  const socket = open(to);
  socket.write(bytes, "latin1");
  const timer = drip === undefined ? undefined : setInterval(() => socket.writable && socket.write(drip), DRIP_MS);
  try {
    return await everything(socket);
  } finally {
    clearInterval(timer);
  }
}

type Raw = { readonly status: number; readonly head: string; readonly code: string };

/** The replies in what came back, each of them an ARM error; interim ones are left out. */
function refusalsIn(text: string): readonly Raw[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3})/)
    .filter((reply) => !reply.startsWith("HTTP/1.1 1"))
    .map((reply) => {
      const [head = "", body = ""] = reply.split("\r\n\r\n", 2);
      const { error } = JSON.parse(body.replace(/^[0-9a-f]+\r\n|\r\n0$/g, "")) as { error: { code: string; message: string } };
      assert.ok(error.message.length > 0);
      assert.match(head, /^x-ms-request-id: [0-9a-f-]{36}$/im);
      assert.match(head, new RegExp(`^x-ms-error-code: ${error.code}\\s*$`, "im"));
      return { status: Number(head.slice(9, 12)), head, code: error.code };
    });
}

const gist = (text: string): readonly (readonly [number, string])[] => refusalsIn(text).map(({ status, code }) => [status, code]);

async function head(method: string, more: readonly string[]): Promise<string> {
  const lines = [`${method} ${CLUSTER}?${VERSION} HTTP/1.1`, "host: localhost", `authorization: Bearer ${await surface.token()}`, ...more];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const JSON_TYPE = "content-type: application/json";

test("many small headers beyond the limit", async () => {
  const headers = Array.from({ length: 4_000 }, (_, n) => `x-${n}: 1`);
  assert.deepEqual(gist(await say(surface, await head("GET", headers))), [[431, "RequestHeaderTooLarge"]]);
});

test("2,000 query parameters are read and passed over", async () => {
  const query = Array.from({ length: 2_000 }, (_, n) => `p${n}=`).join("&");
  assert.equal((await surface.ask({ path: `${CLUSTER}?${VERSION}&${query}` })).status, 200);
});

for (const [name, bytes, drip] of [
  ["headers that come byte by byte", "GET / HTTP/1.1\r\nx-slow: ", "x"],
  ["headers that end nowhere", "GET / HTTP/1.1\r\nhost: localhost\r\n", undefined],
  ["nothing at all after the handshake", "", undefined],
] as const)
  test(`cut off: ${name}`, async () => {
    assert.deepEqual(gist(await say(quick, bytes, drip)), [[408, "RequestTimeout"]]);
  });

test("cut off: a body that comes byte by byte", async () => {
  await registerClusters(quick.store);
  const request = (await head("PUT", [JSON_TYPE, "content-length: 100000"])).replace(/Bearer \S+/, `Bearer ${await quick.token()}`);
  assert.deepEqual(gist(await say(quick, request, "{")), [[408, "RequestTimeout"]]);
  await checkUntouched(quick);
});

test("cut off: a connection without a handshake", async () => {
  assert.equal(await everything(connectPlain({ host: "127.0.0.1", port: quick.port })), "");
});

test("plain HTTP on the port of HTTPS is no request, and is led nowhere", async () => {
  const socket = connectPlain({ host: "127.0.0.1", port: surface.port });
  socket.write(`GET ${CLUSTER}?${VERSION} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  assert.doesNotMatch(await everything(socket), /HTTP|location/i);
});

for (const [name, garbage] of [
  ["bytes", "\x00\x01\x02\xff\r\n\r\n"],
  ["a method of nobody", "BREW /pot HTTP/1.1\r\n\r\n"],
  ["a length that is none", "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n"],
  ["two lengths", "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12"],
  ["length and chunks", "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
] as const) {
  test(`garbage: ${name}`, async () => {
    assert.deepEqual(gist(await say(surface, garbage)), [[400, "InvalidRequest"]]);
  });

  test(`garbage behind a good request: ${name}`, async () => {
    const replies = gist(await say(surface, `GET /anything HTTP/1.1\r\nhost: localhost\r\n\r\n${garbage}`));
    assert.ok(replies.length > 0);
    for (const [status] of replies) assert.equal(status, 400);
  });
}

test("a request of HTTP/1.1 without a host is answered in ARM's shape", async () => {
  assert.deepEqual(gist(await say(surface, "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n")), [[400, "InvalidRequest"]]);
});

test("who asks before sending too large a body is told not to", async () => {
  const large = ["expect: 100-continue", JSON_TYPE, `content-length: ${BODY_MAX + 1}`, "connection: close"];
  const text = await say(surface, await head("PUT", large));
  assert.doesNotMatch(text, /100 Continue/);
  assert.deepEqual(gist(text), [[413, "RequestEntityTooLarge"]]);
});

test("who asks before sending a body that will do is told to go on", async () => {
  const socket = open(surface);
  socket.write(await head("PUT", ["expect: 100-continue", JSON_TYPE, "content-length: 2", "connection: close"]));
  const all = everything(socket);
  socket.once("data", () => socket.write("[]"));
  const text = await all;
  assert.match(text, /^HTTP\/1\.1 100 Continue/);
  assert.deepEqual(gist(text), [[400, "InvalidRequestContent"]]);
});

test("another expectation", async () => {
  const text = await say(surface, await head("PUT", ["expect: a-reply-at-once", JSON_TYPE, "content-length: 2"]));
  assert.deepEqual(gist(text), [[417, "ExpectationFailed"]]);
});

test("a body in chunks beyond 4 MiB", async () => {
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  const chunks = `${chunk.repeat(BODY_MAX / 0x10000 + 4)}0\r\n\r\n`;
  const text = await say(surface, (await head("PUT", [JSON_TYPE, "transfer-encoding: chunked", "connection: close"])) + chunks);
  assert.deepEqual(gist(text), [[413, "RequestEntityTooLarge"]]);
});

test("a body that is no UTF-8", () =>
  checkRefusal(surface, {
    name: "",
    ask: put(CLUSTER, Buffer.from('{"tags":{"a":"\xff\xfe"}}', "latin1")),
    status: 400,
    code: "InvalidRequestContent",
  }));

test("a member that comes twice is refused by name, and nothing is written", async () => {
  await checkRefusal(surface, {
    name: "",
    ask: put(CLUSTER.replace(/one$/, "double"), '{"tags":{"a":"1"},"tags":{"b":"3"}}'),
    ...{ status: 400, code: "InvalidRequestContent" },
  });
  assert.deepEqual((await surface.store.clusters.get(makeCluster("double").id))?.tags, makeCluster("double").tags);
});

test("HEAD answers with GET's headers and 204, as ARM does, or as GET does where nothing is", async () => {
  const reply = await surface.ask({ method: "HEAD", path: `${CLUSTER}?${VERSION}` });
  assert.deepEqual([reply.status, reply.text, reply.headers["etag"]], [204, "", '"etag-of-one"']);
  assert.ok(reply.headers["x-ms-request-id"]);
  assert.deepEqual([reply.headers["content-type"], reply.headers["content-length"]], [undefined, undefined]);
  const heads = async (path: string): Promise<number> => (await surface.ask({ method: "HEAD", path })).status;
  assert.deepEqual([await heads(`${CLUSTER}-none?${VERSION}`), await heads("/healthz")], [404, 200]);
});

for (const method of ["OPTIONS", "TRACE", "PROPFIND", "SEARCH"])
  test(`${method} of a cluster`, () =>
    checkRefusal(surface, { name: "", ask: { method, path: `${CLUSTER}?${VERSION}` }, status: 405, code: "MethodNotAllowed" }));

test("CONNECT is no way through", async () => {
  assert.equal(await say(surface, "CONNECT localhost:443 HTTP/1.1\r\nhost: localhost\r\n\r\n"), "");
});

test("none of these changed anything", async () => {
  const { etag } = (await surface.store.clusters.get(makeCluster("one").id)) ?? {};
  assert.equal(etag, "etag-of-one");
});
