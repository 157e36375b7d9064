/** What whoever starts the authority wrongly is told: what is wrong, and what to do. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const MAIN = path.join(import.meta.dirname, "main.ts");
const TIMEOUT_MS = 60_000;
const folder = mkdtempSync(path.join(tmpdir(), "authority-main-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const place = path.join(folder, name);
  writeFileSync(place, content, { mode: 0o600 });
  return place;
}

const good = {
  HOSTROUTING_AUTHORITY_PORT: "0",
  HOSTROUTING_AUTHORITY_PUBLIC_URL: "https://localhost:8443",
  HOSTROUTING_AUTHORITY_KEY_FILE: path.join(folder, "key.json"),
  HOSTROUTING_AUTHORITY_TENANT_ID: "11111111-1111-4111-8111-111111111111",
  HOSTROUTING_AUTHORITY_CLIENT_ID: "44444444-4444-4444-8444-444444444444",
  HOSTROUTING_AUTHORITY_CLIENT_SECRET_FILE: file("secret", "not-a-secret-outside-this-test"),
};

const wrong: readonly (readonly [name: string, env: Readonly<Record<string, string>>, said: RegExp])[] = [
  ["in production", { NODE_ENV: "production" }, /^authority: The development authority does not run in production\. Use Entra ID/],
  [
    "no secret",
    { HOSTROUTING_AUTHORITY_CLIENT_SECRET_FILE: file("empty", "\n") },
    /empty is empty\. Write the installation's secret into it/,
  ],
  ["nobody to sign in as", { HOSTROUTING_AUTHORITY_APPROVE_AS: "nobody" }, /names nobody who is in the directory\. Name one of its people/],
  ["a directory that is none", { HOSTROUTING_AUTHORITY_DIRECTORY_FILE: file("dir", "{") }, /dir cannot be used: it is not JSON\n$/],
  ["no port", { HOSTROUTING_AUTHORITY_PORT: "" }, /HOSTROUTING_AUTHORITY_PORT/],
];
for (const [name, env, said] of wrong)
  test(`refused: ${name}`, () => {
    const ended = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN], {
      env: { PATH: process.env["PATH"], ...good, ...env },
      encoding: "utf8",
      timeout: TIMEOUT_MS,
    });
    assert.equal(ended.status, 1, ended.stderr);
    assert.match(ended.stderr, said);
  });
