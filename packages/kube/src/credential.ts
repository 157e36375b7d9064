import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { AppError } from "@hostrouting/domain";
import { mayReach } from "@hostrouting/runtime";
import { KubeConfig } from "@kubernetes/client-node";

/** How to reach an API server and prove who we are. Kept in memory only. */
export type Credential = {
  readonly server: URL;
  /** Whether the server's name may mean this machine. */
  readonly loopbackAllowed: boolean;
  readonly ca: Buffer | undefined;
  readonly serverName: string | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly token: string | undefined;
};

function refused(path: string, say: string): AppError {
  return new AppError("kube.credential-refused", {
    say: `The kubeconfig ${path} ${say}`,
    do: "Give the worker a kubeconfig with a client certificate or a token, and an https server whose certificate can be checked.",
  });
}

/** What nobody's credentials need; a file that is larger is something else. */
const KUBECONFIG_BYTES_MAX = 1024 * 1024;
/** Members that name another file. Looked for in the text, since the library reads a token's file while it parses. */
const NAMES_A_FILE = /(?:^|[\s{,"'])(certificate-authority|client-certificate|client-key|token-file|tokenFile)["']?\s*:/m;

/** `Allowed`: the provider that registered the cluster runs it on this machine. */
export type CredentialLimits = { readonly loopback: "Allowed" | "Refused" };

function bytes(data: string | undefined): Buffer | undefined {
  return data === undefined || data === "" ? undefined : Buffer.from(data, "base64");
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > KUBECONFIG_BYTES_MAX) throw refused(path, `has ${size} bytes and not at most ${KUBECONFIG_BYTES_MAX}`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("kube.credential-refused", {
      say: `The kubeconfig ${path} cannot be read`,
      do: "Check that the file exists and is a kubeconfig.",
      cause,
    });
  }
}

function parsed(path: string, text: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch (cause) {
    throw new AppError("kube.credential-refused", {
      say: `The kubeconfig ${path} cannot be parsed`,
      do: "Give the worker a kubeconfig.",
      cause,
    });
  }
  return config;
}

/**
 * Reads the current context of a kubeconfig file. Programs (`exec`, `auth-provider`), other files, proxies, plain HTTP, unchecked certificates and servers at
 * addresses that only the machine itself may ask are refused before anything is connected to: a stored file must not be able to run, read or redirect anything.
 * @throws AppError `kube.credential-refused`
 */
export function readCredential(path: string, { loopback }: CredentialLimits): Credential {
  const text = textOf(path);
  const file = NAMES_A_FILE.exec(text)?.[1];
  if (file !== undefined) throw refused(path, `names a file (\`${file}\`); it must hold what it needs`);
  const config = parsed(path, text);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) throw refused(path, "has no current context");
  if (user.exec !== undefined || user.authProvider !== undefined) throw refused(path, "wants to run a program");
  if (cluster.skipTLSVerify) throw refused(path, "asks not to check the server's certificate");
  if (cluster.proxyUrl !== undefined) throw refused(path, "names a proxy");
  if (!URL.canParse(cluster.server) || new URL(cluster.server).protocol !== "https:") throw refused(path, "has no https server");
  const server = new URL(cluster.server);
  const host = server.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0 && !mayReach(host, loopback === "Allowed"))
    throw refused(path, `names a server at ${host}, which is not connected to`);
  return {
    server,
    loopbackAllowed: loopback === "Allowed",
    ca: bytes(cluster.caData),
    serverName: cluster.tlsServerName,
    cert: bytes(user.certData),
    key: bytes(user.keyData),
    token: user.token,
  };
}
