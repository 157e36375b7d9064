import { readFileSync } from "node:fs";
import { AppError } from "@hostrouting/domain";
import { KubeConfig } from "@kubernetes/client-node";

/** How to reach an API server and prove who we are. Kept in memory only. */
export type Credential = {
  readonly server: URL;
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

/** `data` is base64 inside the kubeconfig; `file` stands beside it. */
function bytes(data: string | undefined, file: string | undefined): Buffer | undefined {
  if (data !== undefined && data !== "") return Buffer.from(data, "base64");
  return file === undefined || file === "" ? undefined : readFileSync(file);
}

/**
 * Reads the current context of a kubeconfig file. Programs (`exec`, `auth-provider`), proxies, plain HTTP and unchecked certificates are
 * refused: a stored file must not be able to run or redirect anything.
 * @throws AppError `kube.credential-refused`
 */
export function readCredential(path: string): Credential {
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (cause) {
    throw new AppError("kube.credential-refused", {
      say: `The kubeconfig ${path} cannot be read`,
      do: "Check that the file exists and is a kubeconfig.",
      cause,
    });
  }
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) throw refused(path, "has no current context");
  if (user.exec !== undefined || user.authProvider !== undefined) throw refused(path, "wants to run a program");
  if (cluster.skipTLSVerify) throw refused(path, "asks not to check the server's certificate");
  if (cluster.proxyUrl !== undefined) throw refused(path, "names a proxy");
  if (!URL.canParse(cluster.server) || new URL(cluster.server).protocol !== "https:") throw refused(path, "has no https server");
  return {
    server: new URL(cluster.server),
    ca: bytes(cluster.caData, cluster.caFile),
    serverName: cluster.tlsServerName,
    cert: bytes(user.certData, user.certFile),
    key: bytes(user.keyData, user.keyFile),
    token: user.token,
  };
}
