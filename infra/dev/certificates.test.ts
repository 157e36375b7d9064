import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { ensureCertificates } from "./certificates.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), "certificates-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

test("the CA vouches for localhost and the loopback addresses", async (t) => {
  const { caFile, certFile } = await ensureCertificates(folder(t));
  const [ca, leaf] = [new X509Certificate(readFileSync(caFile)), new X509Certificate(readFileSync(certFile))];
  assert.ok(leaf.verify(ca.publicKey));
  assert.equal(leaf.checkHost("localhost"), "localhost");
  assert.equal(leaf.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(leaf.checkHost("example.com"), undefined);
  assert.equal(ca.ca, true);
});

test("a TLS client that trusts the CA accepts a server with the certificate", async (t) => {
  const { caFile, certFile, keyFile } = await ensureCertificates(folder(t));
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (_, response) => response.end("ok")).listen(
    0,
    "127.0.0.1",
  );
  await once(server, "listening");
  t.after(() => server.close());
  const asked = get({ host: "localhost", port: (server.address() as AddressInfo).port, ca: readFileSync(caFile), agent: false });
  const [response] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();
  assert.equal(response.statusCode, 200);
});

test("they are kept, and nobody else may read any of them", async (t) => {
  const at = folder(t);
  const first = readFileSync((await ensureCertificates(at)).certFile, "utf8");
  assert.equal(readFileSync((await ensureCertificates(at)).certFile, "utf8"), first);
  for (const file of readdirSync(at)) assert.equal(statSync(path.join(at, file)).mode & 0o077, 0);
});

test("a certificate of another CA is made anew", async (t) => {
  const at = folder(t);
  const { caFile, certFile } = await ensureCertificates(at);
  rmSync(caFile);
  await ensureCertificates(at);
  assert.ok(new X509Certificate(readFileSync(certFile)).checkIssued(new X509Certificate(readFileSync(caFile))));
});
