/** Every route of the catalogue × everybody who may ask: what must come of it follows from the roles' definitions. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { contributorRole, hostRoutingOperatorRole, ownerRole, readerRole, roleAllows, type Role } from "@hostrouting/domain";
import { routeCatalogue, type CatalogueRoute } from "./arm/route-catalogue.ts";
import { assign, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Ask, type TestSurface } from "./testing/test-surface.ts";

let surface: TestSurface;
const roles: readonly Role[] = [readerRole, hostRoutingOperatorRole, contributorRole, ownerRole];
const principalOf = (role: Role): string => `oid of ${role.name}`;

before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one")]);
  for (const role of roles) await assign(surface.store, { principalId: principalOf(role), roleId: role.id });
});
after(() => surface.close());

type Who = { readonly name: string; readonly token: Ask["token"]; readonly role?: Role };
const people: readonly Who[] = [
  { name: "no token", token: null },
  { name: "a foreign tenant", token: { tid: ids.otherTenantId, oid: principalOf(ownerRole) } },
  { name: "nobody in particular", token: { oid: "without any right" } },
  ...roles.map((role) => ({ name: role.name, token: { oid: principalOf(role) }, role })),
];

/** Names that are there as far as the right is judged, and of nothing that could be lost. */
const NAMES: Readonly<Record<string, string>> = {
  sub: ids.subscriptionId,
  group: "Lab",
  name: "ghost",
  childType: "hostRoutings",
  routing: "default",
  loc: "westeurope",
};
function pathOf(pattern: string): string {
  const isGroupItself = pattern.endsWith("/:group");
  const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => NAMES[name] ?? "00000000-0000-4000-8000-000000000000");
  return `${isGroupItself ? path.replace(/Lab$/, "ghosts") : path}?api-version=2026-04-01`;
}

type Outcome = "Anonymous" | "Unauthenticated" | "Foreign" | "Forbidden" | "Judged";

function expected({ on, action, check = "Scope" }: CatalogueRoute, { token, role }: Who): Outcome {
  if (check === "Anonymous") return "Anonymous";
  if (token === null) return "Unauthenticated";
  if (token?.["tid"] !== undefined && on.includes("/:sub")) return "Foreign";
  if (check === "Token") return "Judged";
  if (check === "Visible") return role === undefined ? "Forbidden" : "Judged";
  return role !== undefined && roleAllows(role, action) ? "Judged" : "Forbidden";
}

function outcomeOf(status: number, code: string | undefined, isOpen: boolean): Outcome {
  if (isOpen) return "Anonymous";
  if (status === 401) return "Unauthenticated";
  if (status === 404 && code === "SubscriptionNotFound") return "Foreign";
  return status === 403 ? "Forbidden" : "Judged";
}

for (const route of routeCatalogue)
  test(`${route.on}: who may`, async () => {
    const [method = "", pattern = ""] = route.on.split(" ");
    for (const who of people) {
      const reply = await surface.ask({ method, path: pathOf(pattern), token: who.token ?? null });
      const code: string | undefined = reply.body.error?.code;
      const isOpen = route.check === "Anonymous" && reply.status === 200;
      assert.equal(outcomeOf(reply.status, code, isOpen), expected(route, who), `${who.name}: ${reply.status} ${code}`);
      assert.ok(reply.status < 500, `${who.name}: ${reply.status}`);
      if (reply.status === 403)
        assert.match(reply.body.error.message, new RegExp(`perform action '${route.action}' over scope '/subscriptions/`));
    }
  });
