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
  /** 0600: people with their passwords, and a second tenant with a client and its secret; see authority/directory-file.ts. */
  readonly directoryFile: string;
};

/** People that a new installation has: one for whom the work is, one who may do nothing. */
export const DEVELOPMENT_USERS = { developer: "developer@hostrouting.test", guest: "guest@hostrouting.test" } as const;

const newSecret = (): string => randomBytes(32).toString("base64url");

/** The directory of a new installation. People may change it: it is read when the authority starts. */
function newDirectory(tenantId: string): string {
  const user = (userName: string, displayName: string) => ({ userName, displayName, password: newSecret() });
  const home = { tenantId, users: [user(DEVELOPMENT_USERS.developer, "Developer"), user(DEVELOPMENT_USERS.guest, "Guest without rights")] };
  const client = { clientId: randomUUID(), displayName: "Client of another tenant", secret: newSecret() };
  const other = { tenantId: randomUUID(), clients: [client], users: [user("stranger@other.test", "Person of another tenant")] };
  return `${JSON.stringify({ tenants: [home, other] }, null, 2)}\n`;
}

/** Reads the identity, or makes it. */
export async function ensureIdentity(folder: StateFolder): Promise<Identity> {
  const clientSecretFile = path.join(folder.secrets, "client-secret");
  const makeIds = (): string =>
    `${JSON.stringify({ tenantId: randomUUID(), subscriptionId: randomUUID(), clientId: randomUUID() }, null, 2)}\n`;
  const ids = JSON.parse(await keptInFile(path.join(folder.root, "identity.json"), makeIds)) as Omit<
    Identity,
    "clientSecret" | "clientSecretFile" | "directoryFile"
  >;
  const clientSecret = (await keptInFile(clientSecretFile, newSecret)).trim();
  const directoryFile = path.join(folder.secrets, "directory.json");
  await keptInFile(directoryFile, () => newDirectory(ids.tenantId));
  return { ...ids, clientSecret, clientSecretFile, directoryFile };
}
