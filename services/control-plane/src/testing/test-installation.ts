import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { freePort, startProcess, type TestProcess } from "./child-process.ts";
import { makeTestCertificate } from "./test-certificate.ts";
import { ids } from "./test-cluster.ts";

/** The real processes of authority and control plane; this process trusts their certificate. */
export type TestInstallation = {
  readonly base: string;
  /** Certificate of the authority that signed the control plane's. */
  readonly caFile: string;
  readonly clientSecret: string;
  readonly authorityKeyFile: string;
  /** The control plane that runs now. */
  readonly controlPlane: TestProcess;
  readonly authority: TestProcess;
  /** `kill -9` of the control plane, and its next start on the same port. */
  crash(): Promise<void>;
  close(): Promise<void>;
};

/** What an installation has beside its own client. */
export type TestInstallationParts = {
  /** More tenants, clients and people, as the authority's directory file holds them. */
  readonly tenants?: readonly object[];
  /** A person as whom every sign-in is approved at once. */
  readonly approveAs?: string;
  /** More settings of the control plane. */
  readonly controlPlane?: Readonly<Record<string, string>>;
  /** Nobody answers at the database's address yet: it is not waited for. */
  readonly isDatabaseAway?: true;
};

/** The control plane listens before it has reached its database, and is not ready before. */
const READY_MS = 60_000;

async function untilReady(base: string): Promise<void> {
  for (const deadline = Date.now() + READY_MS; ; await pause(20)) {
    const { status } = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(READY_MS) });
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`The control plane is not ready after ${READY_MS} ms: /readyz answers ${status}.`);
  }
}

/** The installation's own client, as MSAL signs it in; with another secret, as one who does not know it. */
export function credentialOf({ base, clientSecret }: TestInstallation, secret = clientSecret): ClientSecretCredential {
  return new ClientSecretCredential(ids.tenantId, ids.clientId, secret, { authorityHost: base, disableInstanceDiscovery: true });
}

/** Starts both on free ports of loopback, and waits until they can answer. The control plane comes up whether the database answers or not. */
export async function startTestInstallation(databaseUrl: string, parts: TestInstallationParts = {}): Promise<TestInstallation> {
  const folder = mkdtempSync(path.join(tmpdir(), "control-plane-"));
  const file = (name: string): string => path.join(folder, name);
  const certificate = await makeTestCertificate();
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate.ca]);
  const clientSecret = "not-a-secret-outside-this-test";
  writeFileSync(file("cert.pem"), certificate.cert);
  writeFileSync(file("key.pem"), certificate.key, { mode: 0o600 });
  writeFileSync(file("secret"), clientSecret, { mode: 0o600 });
  writeFileSync(file("directory.json"), JSON.stringify({ tenants: parts.tenants ?? [] }), { mode: 0o600 });
  writeFileSync(file("ca.pem"), certificate.ca);
  const [port, authorityPort] = [await freePort(), await freePort()];
  const base = `https://localhost:${port}`;
  const authority = await startProcess("infra/dev/authority/main.ts", {
    HOSTROUTING_AUTHORITY_PORT: String(authorityPort),
    HOSTROUTING_AUTHORITY_PUBLIC_URL: base,
    HOSTROUTING_AUTHORITY_KEY_FILE: file("authority-key.json"),
    HOSTROUTING_AUTHORITY_TENANT_ID: ids.tenantId,
    HOSTROUTING_AUTHORITY_CLIENT_ID: ids.clientId,
    HOSTROUTING_AUTHORITY_CLIENT_SECRET_FILE: file("secret"),
    HOSTROUTING_AUTHORITY_DIRECTORY_FILE: file("directory.json"),
    ...(parts.approveAs !== undefined && { HOSTROUTING_AUTHORITY_APPROVE_AS: parts.approveAs }),
  });
  const startControlPlane = async (): Promise<TestProcess> => {
    const started = await startProcess("services/control-plane/src/main.ts", {
      HOSTROUTING_PORT: String(port),
      HOSTROUTING_TLS_CERT_FILE: file("cert.pem"),
      HOSTROUTING_TLS_KEY_FILE: file("key.pem"),
      HOSTROUTING_DATABASE_URL: databaseUrl,
      HOSTROUTING_PUBLIC_URL: base,
      HOSTROUTING_ISSUER: `${base}/{tenantid}/`,
      HOSTROUTING_JWKS_URL: `http://127.0.0.1:${authorityPort}/common/discovery/v2.0/keys`,
      HOSTROUTING_AUTHORITY_URL: `http://127.0.0.1:${authorityPort}`,
      ...parts.controlPlane,
    });
    try {
      if (parts.isDatabaseAway === undefined) await untilReady(base);
    } catch (error) {
      await started.end();
      throw error;
    }
    return started;
  };
  let controlPlane = await startControlPlane().catch(async (error: unknown) => {
    await authority.end();
    throw error;
  });
  return {
    base,
    caFile: file("ca.pem"),
    clientSecret,
    authorityKeyFile: file("authority-key.json"),
    get controlPlane() {
      return controlPlane;
    },
    authority,
    async crash() {
      await controlPlane.end("SIGKILL");
      controlPlane = await startControlPlane();
    },
    async close() {
      await Promise.all([controlPlane.end(), authority.end()]);
      rmSync(folder, { recursive: true });
    },
  };
}
