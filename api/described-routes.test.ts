/** What is served of our own provider is what the document describes, and nothing beside it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { routeCatalogue } from "../services/control-plane/src/arm/route-catalogue.ts";

const METHODS = new Set(["get", "put", "patch", "post", "delete"]);
/** Of AKS; refused with what to do instead, and so no part of the contract. */
const REFUSED = /\/(stop|start|runcommand|rotateclustercertificates|deletemachines|upgradenodeimageversion)$/;
/** What Resource Manager and its other providers have is described by Azure; of it the document has what the fuzz is to ask too. */
const OURS = /\/providers\/microsoft\.containerservice(\/|$)(?!.*\/providers\/microsoft\.authorization\/role)/;

/** `GET /a/:b` and `get /a/{c}` alike; the one name of host routing is a parameter in the catalogue, so that others are answered as unknown. */
const plain = (route: string): string =>
  route
    .toLowerCase()
    .replace(/\/hostroutings\/:routing$/, "/hostroutings/default")
    .replaceAll(/\{\w+\}|:\w+/g, "*");

function described(): readonly string[] {
  const file = new URL("openapi.2026-04-01.yaml", import.meta.url);
  const { paths } = parse(readFileSync(file, "utf8")) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => METHODS.has(method))
      .map((method) => plain(`${method} ${path}`)),
  );
}

test("every route of our provider is described", () => {
  const served = routeCatalogue.map(({ on }) => plain(on)).filter((route) => OURS.test(route) && !REFUSED.test(route));
  const document = new Set(described());
  assert.ok(served.length > 50, `only ${served.length} routes were looked at`);
  assert.deepEqual(
    served.filter((route) => !document.has(route)),
    [],
  );
});

test("everything that is described is served", () => {
  const served = new Set(routeCatalogue.map(({ on }) => plain(on)));
  assert.deepEqual(
    described().filter((route) => !served.has(route)),
    [],
  );
});
