import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { createClusterAuthority, createTokenKeys, openClusterAuthority } from "./cluster-keys.ts";

test("a client certificate names user and group, is signed by the authority and has its key", async () => {
  const authority = await createClusterAuthority();
  const pair = await authority.issue({ user: "system:node:aks-user-0", group: "system:nodes" });
  const certificate = new X509Certificate(pair.certificate);
  assert.equal(certificate.subject, "CN=system:node:aks-user-0\nO=system:nodes");
  assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(pair.key)));
  assert.equal(certificate.subjectAltName, undefined);
});

test("a server certificate holds its addresses and names", async () => {
  const authority = await createClusterAuthority();
  const pair = await authority.issue({ user: "kube-apiserver", serves: { ips: ["127.0.0.1", "fd00:240::1"], names: ["kubernetes"] } });
  const certificate = new X509Certificate(pair.certificate);
  assert.ok(certificate.checkIP("127.0.0.1"));
  assert.ok(certificate.checkIP("fd00:240::1"));
  assert.ok(certificate.checkHost("kubernetes"));
  assert.equal(certificate.checkHost("example.com"), undefined);
});

test("another authority does not vouch for it", async () => {
  const [one, other] = await Promise.all([createClusterAuthority(), createClusterAuthority()]);
  const pair = await one.issue({ user: "admin" });
  assert.ok(!new X509Certificate(pair.certificate).verify(new X509Certificate(other.certificate).publicKey));
});

test("token keys come as PKCS 8 and SPKI", async () => {
  const keys = await createTokenKeys();
  assert.match(keys.privateKey, /^-----BEGIN PRIVATE KEY-----/);
  assert.match(keys.publicKey, /^-----BEGIN PUBLIC KEY-----/);
});

test("an authority opened again issues what the first one vouches for", async () => {
  const authority = await createClusterAuthority();
  const again = await openClusterAuthority(authority);
  const pair = await again.issue({ user: "system:node:aks-user-1" });
  assert.ok(new X509Certificate(pair.certificate).verify(new X509Certificate(authority.certificate).publicKey));
});
