import { randomBytes, randomUUID } from "node:crypto";
import path from "node:path";
import { keptInFile } from "./private-file.ts";
import type { StateFolder } from "./state-folder.ts";

/** Who and what exists in a development installation; made once, kept in the state folder. Ids are UUIDs. */
export type Identity = {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** 0600; processes are told the path, never the secret. */
  readonly clientSecretFile: string;
};

/** Reads the identity, or makes it. */
export async function ensureIdentity(folder: StateFolder): Promise<Identity> {
  const clientSecretFile = path.join(folder.secrets, "client-secret");
  const makeIds = (): string =>
    `${JSON.stringify({ tenantId: randomUUID(), subscriptionId: randomUUID(), clientId: randomUUID() }, null, 2)}\n`;
  const ids = JSON.parse(await keptInFile(path.join(folder.root, "identity.json"), makeIds)) as Omit<
    Identity,
    "clientSecret" | "clientSecretFile"
  >;
  const clientSecret = (await keptInFile(clientSecretFile, () => randomBytes(32).toString("base64url"))).trim();
  return { ...ids, clientSecret, clientSecretFile };
}
