import { writeFile } from "node:fs/promises";
import type { KeyPair } from "./cluster-keys.ts";

/** Who connects to which server. */
export interface KubeconfigContent {
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly user: KeyPair;
}

/** Writes a kubeconfig with everything inside it, readable by its owner only. JSON is YAML. */
export async function writeKubeconfig(file: string, content: KubeconfigContent): Promise<void> {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server: content.server, "certificate-authority-data": base64(content.authority) } }],
    users: [
      { name: "lab", user: { "client-certificate-data": base64(content.user.certificate), "client-key-data": base64(content.user.key) } },
    ],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab" } }],
    "current-context": "lab",
  };
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
