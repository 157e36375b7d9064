import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Fastify, { type FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import { callInside, internalCallOf, trialStore, type InternalCall } from "./arm/internal-call.ts";

const call: InternalCall = { principal: { tenantId: "t", objectId: "o", name: "n", type: "User" }, correlationId: "c" };

let app: FastifyInstance;
let url: string;
before(async () => {
  app = Fastify();
  app.get("/who", async (request) => ({ who: internalCallOf(request)?.principal.objectId ?? "nobody", trial: trialStore() !== undefined }));
  // A request of our own that leads to one over a connection: the outer one's caller must not be taken for the inner one's.
  app.get("/over-a-connection", async () => (await fetch(`${url}/who`)).json());
  await app.listen({ port: 0, host: "127.0.0.1" });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
});
after(() => app.close());

const NOBODY = { who: "nobody", trial: false };

test("a request of our own is known by its context", async () => {
  assert.deepEqual((await callInside(app, call, { method: "GET", url: "/who" })).body, { who: "o", trial: false });
});

test("a request over a connection is nobody's, whatever it says, also in the course of one of our own", async () => {
  const headers = { "x-ms-client-principal-id": "o", "x-ms-client-object-id": "o", "user-agent": "lightMyRequest", host: "localhost:80" };
  assert.deepEqual(await (await fetch(`${url}/who`, { headers })).json(), NOBODY);
  assert.deepEqual((await callInside(app, call, { method: "GET", url: "/over-a-connection" })).body, NOBODY);
});

test("a request without a connection that nobody makes for anybody is nobody's", async () => {
  await callInside(app, call, { method: "GET", url: "/who" });
  assert.deepEqual((await app.inject({ method: "GET", url: "/who" })).json(), NOBODY);
});
