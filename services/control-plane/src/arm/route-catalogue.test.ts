import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import type { Deps } from "../deps.ts";
import { findRoute, methodsOf } from "./find-route.ts";
import { operationsOf } from "./provider-operations.ts";
import { PROVIDER } from "./resource-ids.ts";
import { routeCatalogue } from "./route-catalogue.ts";
import { addRoutes } from "./routes.ts";

/** What is really registered, but the HEAD that Fastify adds to each GET. */
async function registered(): Promise<readonly string[]> {
  const app = Fastify();
  const found: string[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) if (one !== "HEAD") found.push(`${one} ${url}`.toLowerCase());
  });
  // Routes look at what they depend on when they are asked, not before.
  addRoutes(app, {} as Deps);
  await app.ready();
  return found;
}

test("every registered route has one entry in the catalogue, and every entry is registered", async () => {
  const entries = routeCatalogue.map((route) => route.on.toLowerCase()).toSorted();
  assert.equal(new Set(entries).size, entries.length, "an entry stands twice");
  assert.deepEqual((await registered()).toSorted(), entries);
});

test("a route names the right that it asks for, or says that there is none", () => {
  for (const { on, action, check = "Scope" } of routeCatalogue) {
    const hasRight = check !== "Anonymous" && check !== "Token";
    assert.equal(action !== "none", hasRight, on);
    if (hasRight) assert.match(action, /^Microsoft\.[A-Za-z]+\/[A-Za-z/]+\/(read|write|delete|action)$/, on);
  }
});

test("reads ask for read, writes for what they do", () => {
  const kinds: Readonly<Record<string, RegExp>> = {
    GET: /\/read$/,
    PUT: /\/write$/,
    PATCH: /\/write$/,
    DELETE: /\/delete$/,
    POST: /\/(action|write)$/,
  };
  for (const { on, action } of routeCatalogue) if (action !== "none") assert.match(action, kinds[on.split(" ")[0] ?? ""] ?? /^$/, on);
});

test("routes are found by method and pattern in any letter case, HEAD as GET", () => {
  assert.equal(findRoute("HEAD", "/SUBSCRIPTIONS/:sub")?.action, "Microsoft.Resources/subscriptions/read");
  assert.equal(findRoute("POST", "/subscriptions/:sub"), undefined);
  assert.deepEqual(methodsOf("/Subscriptions/x"), ["GET"]);
  assert.deepEqual(methodsOf("/subscriptions/x/y"), []);
});

test("the list of operations has each right of our namespace once, and register/action", () => {
  const names = operationsOf(PROVIDER).map((one) => one.name);
  const rights = routeCatalogue.map((route) => route.action).filter((action) => action.startsWith("Microsoft.ContainerService/"));
  assert.deepEqual(names.toSorted(), [...new Set([...rights, "Microsoft.ContainerService/register/action"])].toSorted());
});

test("an operation is shown in people's words", () => {
  const found = operationsOf(PROVIDER).find((one) => one.name.endsWith("hostRoutings/pause/action"));
  assert.deepEqual(found, {
    name: "Microsoft.ContainerService/managedClusters/hostRoutings/pause/action",
    isDataAction: false,
    display: {
      provider: "Microsoft Container Service",
      resource: "Managed Clusters Host Routings",
      operation: "Pauses the rollout",
      description: "Pauses the rollout.",
    },
    origin: "user,system",
  });
});
