import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { freePort, startProcess, type TestProcess } from "./child-process.ts";
import { makeTestCertificate } from "./test-certificate.ts";
import { ids } from "./test-cluster.ts";

/** The real processes of authority and control plane; this process trusts their certificate. */
export type TestInstallation = {
  readonly base: string;
  readonly clientSecret: string;
  readonly authorityKeyFile: string;
  readonly controlPlane: TestProcess;
  readonly authority: TestProcess;
  close(): Promise<void>;
};

/** Starts both on free ports of loopback. The control plane comes up whether the database answers or not. */
export async function startTestInstallation(databaseUrl: string): Promise<TestInstallation> {
  const folder = mkdtempSync(path.join(tmpdir(), "control-plane-"));
  const file = (name: string): string => path.join(folder, name);
  const certificate = await makeTestCertificate();
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate.ca]);
  const clientSecret = "not-a-secret-outside-this-test";
  writeFileSync(file("cert.pem"), certificate.cert);
  writeFileSync(file("key.pem"), certificate.key, { mode: 0o600 });
  writeFileSync(file("secret"), clientSecret, { mode: 0o600 });
  const [port, authorityPort] = [await freePort(), await freePort()];
  const base = `https://localhost:${port}`;
  const authority = await startProcess("infra/dev/authority/main.ts", {
    HOSTROUTING_AUTHORITY_PORT: String(authorityPort),
    HOSTROUTING_AUTHORITY_PUBLIC_URL: base,
    HOSTROUTING_AUTHORITY_KEY_FILE: file("authority-key.json"),
    HOSTROUTING_AUTHORITY_TENANT_ID: ids.tenantId,
    HOSTROUTING_AUTHORITY_CLIENT_ID: ids.clientId,
    HOSTROUTING_AUTHORITY_CLIENT_SECRET_FILE: file("secret"),
  });
  const controlPlane = await startProcess("services/control-plane/src/main.ts", {
    HOSTROUTING_PORT: String(port),
    HOSTROUTING_TLS_CERT_FILE: file("cert.pem"),
    HOSTROUTING_TLS_KEY_FILE: file("key.pem"),
    HOSTROUTING_DATABASE_URL: databaseUrl,
    HOSTROUTING_PUBLIC_URL: base,
    HOSTROUTING_ISSUER: `${base}/${ids.tenantId}/`,
    HOSTROUTING_JWKS_URL: `http://127.0.0.1:${authorityPort}/${ids.tenantId}/discovery/v2.0/keys`,
    HOSTROUTING_AUTHORITY_URL: `http://127.0.0.1:${authorityPort}`,
  }).catch(async (error: unknown) => {
    await authority.end();
    throw error;
  });
  return {
    base,
    clientSecret,
    authorityKeyFile: file("authority-key.json"),
    controlPlane,
    authority,
    async close() {
      await Promise.all([controlPlane.end(), authority.end()]);
      rmSync(folder, { recursive: true });
    },
  };
}
