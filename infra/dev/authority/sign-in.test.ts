/** Sign-in over HTTP, as a browser and a program on this machine see it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { createLogger, systemClock } from "@hostrouting/runtime";
import { decodeJwt } from "jose";
import { createAuthorityServer } from "./authority-server.ts";
import { known, makeAuthority } from "./testing-authority.ts";

let server: Server;
let base: string;
const logged: string[] = [];

before(async () => {
  const { authority } = await makeAuthority();
  const logger = createLogger("authority", "silent");
  const recorded = { ...logger, info: (...line: unknown[]) => void logged.push(JSON.stringify(line)) } as unknown as typeof logger;
  server = createAuthorityServer({ ...authority, clock: systemClock, logger: recorded }).listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${known.tenant}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const verifier = "v".repeat(43);
const asked = {
  client_id: known.publicClient,
  response_type: "code",
  redirect_uri: "http://localhost:50123/back",
  scope: "https://arm.test/.default openid",
  state: "s&t",
  nonce: "n",
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
};
const person = { username: "Dev@one.test", password: "p-1" };

const get = (fields: object): Promise<Response> =>
  fetch(`${base}/oauth2/v2.0/authorize?${new URLSearchParams({ ...fields }).toString()}`, { redirect: "manual" });
const post = (path: string, fields: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}${path}`, { method: "POST", body: new URLSearchParams({ ...fields }), headers, redirect: "manual" });
const signIn = (fields: object = {}, headers: Record<string, string> = {}): Promise<Response> =>
  post("/oauth2/v2.0/authorize", { ...asked, ...person, ...fields }, headers);
const locationOf = (reply: Response): URL => new URL(reply.headers.get("location") ?? "nowhere:");

async function redeem(code: string, fields: object = {}): Promise<Record<string, unknown>> {
  const form = {
    grant_type: "authorization_code",
    client_id: known.publicClient,
    code,
    redirect_uri: asked.redirect_uri,
    code_verifier: verifier,
  };
  return (await (await post("/oauth2/v2.0/token", { ...form, ...fields })).json()) as Record<string, unknown>;
}

test("a page asks who somebody is, their answer becomes a code, and the code, once, tokens with the nonce", async () => {
  const page = await get(asked);
  const html = await page.text();
  assert.deepEqual([page.status, page.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/);
  assert.match(html, /name="code_challenge" value="[A-Za-z0-9_-]{43}"/);
  assert.match(html, /name="state" value="s&#38;t"/);
  const back = await signIn();
  const location = locationOf(back);
  assert.deepEqual(
    [back.status, location.origin + location.pathname, location.searchParams.get("state")],
    [302, asked.redirect_uri, "s&t"],
  );
  const code = location.searchParams.get("code") ?? "";
  const tokens = await redeem(code);
  assert.equal(decodeJwt(String(tokens["access_token"]))["upn"], "dev@one.test");
  assert.equal(decodeJwt(String(tokens["id_token"]))["nonce"], "n");
  assert.ok(typeof tokens["refresh_token"] === "string" && tokens["foci"] === undefined);
  assert.deepEqual((await redeem(code))["error_codes"], [54005]);
});

for (const [name, fields, number] of [
  ["another verifier", { code_verifier: "w".repeat(43) }, 50148],
  ["a short verifier", { code_verifier: "v" }, 50148],
  ["another client", { client_id: known.azureCli }, 70002],
  ["another address", { redirect_uri: "http://localhost:50124/back" }, 50011],
] as const)
  test(`a code shown with ${name} is refused, and is used up`, async () => {
    const code = locationOf(await signIn()).searchParams.get("code") ?? "";
    assert.deepEqual((await redeem(code, fields))["error_codes"], [number]);
    assert.deepEqual((await redeem(code))["error_codes"], [54005]);
  });

test("a wrong password, and a name that nobody has, show the page again and give no code", async () => {
  for (const wrong of [{ password: "p-2" }, { username: "nobody@one.test" }, { username: "nobody@one.test", password: "" }]) {
    const reply = await signIn(wrong);
    assert.deepEqual([reply.status, reply.headers.get("location")], [401, null]);
    assert.match(await reply.text(), /role="alert".*name="state" value="s&#38;t"/);
  }
});

for (const uri of [
  ...[
    "https://evil.test/back",
    "http://localhost.evil.test/back",
    "http://localhost@evil.test/back",
    "http://127.0.0.1/back",
    "http://localhost/other",
  ],
  ...[
    "https://localhost:2/portal",
    "http://localhost:50123/back#x",
    "http://localhost:50123/back\\x",
    "javascript:alert(1)",
    "//localhost/back",
    "",
  ],
])
  test(`nobody is sent to "${uri}", neither with a code nor with an error`, async () => {
    for (const reply of [await get({ ...asked, redirect_uri: uri, response_type: "x" }), await signIn({ redirect_uri: uri })]) {
      const { error_codes: codes } = (await reply.json()) as { error_codes: unknown };
      assert.deepEqual([reply.status, reply.headers.get("location"), codes], [400, null, [50011]]);
    }
  });

test("a listener may have any port; an application without registered addresses any address of loopback", async () => {
  assert.equal((await get({ ...asked, redirect_uri: "http://localhost:1/back" })).status, 200);
  assert.equal((await get({ ...asked, redirect_uri: "https://localhost:1/portal" })).status, 200);
  for (const uri of ["http://localhost:1", "http://127.0.0.1:2/x", "http://[::1]:3/"])
    assert.equal((await get({ ...asked, client_id: known.azureCli, redirect_uri: uri })).status, 200, uri);
});

for (const [name, fields, error] of [
  ["no PKCE", { code_challenge: "" }, "invalid_request"],
  ["PKCE that hides nothing", { code_challenge_method: "plain" }, "invalid_request"],
  ["a token instead of a code", { response_type: "token" }, "unsupported_response_type"],
  ["an unknown way back", { response_mode: "jwt" }, "invalid_request"],
  ["a scope that names no resource", { scope: "user.read" }, "invalid_scope"],
  ["no page wanted", { prompt: "none" }, "interaction_required"],
] as const)
  test(`what is wrong is told to the application: ${name}`, async () => {
    const location = locationOf(await get({ ...asked, ...fields }));
    assert.deepEqual([location.searchParams.get("error"), location.searchParams.get("state")], [error, "s&t"]);
  });

test("codes go back as the application wishes: in the fragment, or by a form", async () => {
  const fragment = locationOf(await signIn({ response_mode: "fragment" }));
  assert.match(fragment.hash, /^#code=[\w-]{43}&state=s%26t$/);
  assert.equal(fragment.search, "");
  const page = await (await signIn({ response_mode: "form_post" })).text();
  assert.match(page, /action="http:\/\/localhost:50123\/back".*name="code" value="[\w-]{43}".*name="state" value="s&#38;t"/);
});

test("a form that another site sent is refused, with the right password too", async () => {
  for (const headers of [{ origin: "https://evil.test" }, { "sec-fetch-site": "cross-site" }, { origin: "null" }]) {
    assert.equal((await signIn({}, headers)).status, 403);
    assert.equal((await post("/oauth2/deviceauth", { user_code: "x", ...person }, headers)).status, 403);
  }
  assert.equal((await signIn({}, { origin: known.publicUrl, "sec-fetch-site": "same-origin" })).status, 302);
});

test("a device's code is allowed on its page, by name and password, once", async () => {
  const form = { client_id: known.azureCli, scope: asked.scope };
  const issued = (await (await post("/oauth2/v2.0/devicecode", form)).json()) as Record<string, string>;
  const answer = (fields: object): Promise<Response> =>
    post("/oauth2/deviceauth", { user_code: issued["user_code"], ...person, ...fields });
  const page = await fetch(`${base}/oauth2/deviceauth?user_code=%22%3E%3Cscript%3E`);
  assert.doesNotMatch(await page.text(), /<script>/);
  assert.deepEqual([(await answer({ password: "x" })).status, (await answer({ user_code: "BBBBBBBBB" })).status], [401, 401]);
  assert.deepEqual([(await answer({})).status, (await answer({})).status], [200, 401]);
  const code = { grant_type: "device_code", client_id: known.azureCli, device_code: issued["device_code"] };
  const tokens = (await (await post("/oauth2/v2.0/token", code)).json()) as Record<string, unknown>;
  assert.equal(decodeJwt(String(tokens["access_token"]))["upn"], "dev@one.test");
});

test("a form that is none, or too large, is refused; nothing that anybody could use is in the log", async () => {
  assert.equal(
    (await fetch(`${base}/oauth2/v2.0/token`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } })).status,
    413,
  );
  assert.equal((await post("/oauth2/v2.0/token", { grant_type: "x".repeat(40_000) })).status, 413);
  assert.ok(logged.length > 0);
  assert.doesNotMatch(logged.join("\n"), /p-1|eyJ|v{43}|Dev@one/);
});
