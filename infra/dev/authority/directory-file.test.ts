import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { parseTenants, readTenants, togetherWith } from "./directory-file.ts";

const T = "11111111-0000-4000-8000-000000000001";
const C = "22222222-0000-4000-8000-000000000001";
const user = { userName: "a@b", displayName: "A", password: "hidden-word" };
const client = { clientId: C, displayName: "One", secret: "hidden-word" };
const file = (tenant: object): string => JSON.stringify({ tenants: [{ tenantId: T, ...tenant }] });

test("a file's tenants, clients and people; a tenant that the environment names as well is one", () => {
  const tenants = parseTenants(file({ clients: [client], users: [user] }));
  assert.deepEqual(tenants[0]?.users, [user]);
  const own = { tenantId: T, clients: [{ ...client, clientId: C.replace("1", "3") }], users: [] };
  const [home, ...others] = togetherWith(own, tenants);
  assert.deepEqual([home.clients.length, home.users.length, others.length], [2, 1, 0]);
});

for (const [name, text, expected] of [
  ["no JSON", "hidden-word", /is not JSON/],
  ["a member that nobody knows", file({ user: [] }), /tenants\[0\] has a member "user"/],
  ["no GUID", JSON.stringify({ tenants: [{ tenantId: "x" }] }), /tenants\[0\]\.tenantId must be a GUID/],
  ["a name without domain", file({ users: [{ ...user, userName: "a" }] }), /tenants\[0\]\.users\[0\]\.userName must be/],
  ["no password", file({ users: [{ ...user, password: "" }] }), /tenants\[0\]\.users\[0\]\.password must be/],
  [
    "a private key",
    file({ clients: [{ ...client, keys: [{ kty: "RSA", d: "hidden-word" }] }] }),
    /tenants\[0\]\.clients\[0\]\.keys\[0\] is a private key/,
  ],
  ["a symmetric key", file({ clients: [{ ...client, keys: [{ kty: "oct", k: "hidden-word" }] }] }), /keys\[0\]\.kty must be RSA or EC/],
] as const)
  test(`a directory refused: ${name}`, () => {
    assert.throws(
      () => parseTenants(text),
      (error: Error) => expected.test(error.message) && !error.message.includes("hidden-word"),
    );
  });

test("a name that stands twice is refused, and so is a file that others may read", (t) => {
  const own = { tenantId: T, clients: [client], users: [] };
  assert.throws(() => togetherWith(own, parseTenants(file({ clients: [client] }))), /stands in the directory twice/);
  const folder = mkdtempSync(path.join(tmpdir(), "directory-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const name = path.join(folder, "directory.json");
  writeFileSync(name, file({}), { mode: 0o600 });
  assert.equal(readTenants(name).length, 1);
  chmodSync(name, 0o640);
  assert.throws(() => readTenants(name), /others may read it/);
});
