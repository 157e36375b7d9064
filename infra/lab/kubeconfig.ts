import { writeFile } from "node:fs/promises";
import type { KeyPair } from "./cluster-keys.ts";

/** Who connects to which server. */
export interface KubeconfigContent {
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly user: KeyPair;
  /** What it calls cluster, user and context; `lab` each unless said otherwise. */
  readonly names?: { readonly cluster: string; readonly user: string; readonly context: string };
}

/** Writes a kubeconfig with everything inside it, readable by its owner only. JSON is YAML. */
export async function writeKubeconfig(file: string, content: KubeconfigContent): Promise<void> {
  const names = content.names ?? { cluster: "lab", user: "lab", context: "lab" };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: names.cluster, cluster: { server: content.server, "certificate-authority-data": base64(content.authority) } }],
    users: [
      {
        name: names.user,
        user: { "client-certificate-data": base64(content.user.certificate), "client-key-data": base64(content.user.key) },
      },
    ],
    contexts: [{ name: names.context, context: { cluster: names.cluster, user: names.user } }],
    "current-context": names.context,
  };
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
