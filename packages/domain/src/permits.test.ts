import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  builtInRoles,
  contributorRole,
  hostRoutingOperatorRole,
  ownerRole,
  readerRole,
  userAccessAdministratorRole,
  type Role,
} from "./built-in-roles.ts";
import { grantedBelow, isGranted, roleAllows, scopesAbove } from "./permits.ts";

const C = "Microsoft.ContainerService/managedClusters";
const A = "Microsoft.Authorization";
const rows: readonly (readonly [role: Role, allowed: readonly string[], refused: readonly string[]])[] = [
  [ownerRole, [`${C}/read`, `${C}/delete`, `${A}/roleAssignments/write`, "x"], []],
  [
    contributorRole,
    [`${C}/write`, `${C}/hostRoutings/pause/action`, `${A}/roleAssignments/read`],
    [`${A}/roleAssignments/write`, `${A}/roleAssignments/DELETE`],
  ],
  [
    readerRole,
    [`${C}/read`, `${C}/hostRoutings/read`, `${A}/roleAssignments/read`],
    [`${C}/write`, `${C}/listClusterUserCredential/action`, "read", `${C}/readers`],
  ],
  [userAccessAdministratorRole, [`${C}/READ`, `${A}/roleAssignments/write`], [`${C}/write`, `${C}/abort/action`]],
  [
    hostRoutingOperatorRole,
    [`${C}/read`, `${C}/hostRoutings/read`, `${C}/hostRoutings/write`, `${C.toUpperCase()}/HOSTROUTINGS/PAUSE/ACTION`],
    [
      `${C}/write`,
      `${C}/delete`,
      `${C}/abort/action`,
      `${C}/maintenanceConfigurations/write`,
      `${C}/agentPools/read`,
      `${A}/roleAssignments/read`,
    ],
  ],
];
for (const [role, allowed, refused] of rows)
  test(`${role.name}: what it allows and what not`, () => {
    for (const action of allowed) assert.equal(roleAllows(role, action), true, action);
    for (const action of refused) assert.equal(roleAllows(role, action), false, action);
  });

test("a pattern must fit as a whole, and its parts may not overlap", () => {
  const fits = (pattern: string, action: string): boolean => roleAllows({ actions: [pattern], notActions: [] }, action);
  assert.equal(fits("a/*/b", "a/b"), false);
  assert.equal(fits("a/*/b", "a/x/y/b"), true);
  assert.equal(fits("ab*ba", "aba"), false);
  assert.equal(fits("*/read", "a/read/x"), false);
  assert.equal(fits("a.c", "abc"), false);
});

test("a star fits as the regular expression of the same meaning does", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), maxLength: 8 });
  const plain = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 12 });
  fc.assert(
    fc.property(text, plain, (pattern, action) => {
      const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(action);
      assert.equal(roleAllows({ actions: [pattern], notActions: [] }, action), expected);
    }),
    { numRuns: 2_000 },
  );
});

const G = "/subscriptions/s/resourcegroups/a";
test("a grant counts at its scope and below, and for nothing beside it", () => {
  const grants = [{ scope: G, roleId: readerRole.id }];
  const may = (scope: string, action = `${C}/read`): boolean => isGranted(grants, { action, scope });
  assert.deepEqual(
    [may(G), may(`${G}/providers/x/y/z`), may(`${G}b`), may("/subscriptions/s"), may(G, `${C}/write`)],
    [true, true, false, false, false],
  );
});

test("what one role takes out, another one may give", () => {
  const question = { action: `${A}/roleAssignments/write`, scope: G };
  const contributor = { scope: G, roleId: contributorRole.id };
  assert.equal(isGranted([contributor], question), false);
  assert.equal(isGranted([contributor, { scope: "/subscriptions/s", roleId: userAccessAdministratorRole.id }], question), true);
});

test("a role that nobody knows allows nothing", () => {
  assert.equal(isGranted([{ scope: G, roleId: "00000000-0000-0000-0000-000000000000" }], { action: `${C}/read`, scope: G }), false);
});

test("below a scope: where something is allowed, each place once, the scope itself not", () => {
  const grants = [G, `${G}/x`, `${G}/x`, "/subscriptions/other"].map((scope) => ({ scope, roleId: readerRole.id }));
  assert.deepEqual(grantedBelow(grants, { action: `${C}/read`, scope: G }), [`${G}/x`]);
  assert.deepEqual(grantedBelow(grants, { action: `${C}/write`, scope: G }), []);
});

test("scopes above an address", () => {
  assert.deepEqual(scopesAbove(G), ["/subscriptions", "/subscriptions/s", "/subscriptions/s/resourcegroups", G]);
});

test("roles have ids and names of their own", () => {
  for (const key of ["id", "name"] as const) assert.equal(new Set(builtInRoles.map((role) => role[key])).size, builtInRoles.length);
});
