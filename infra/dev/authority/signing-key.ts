import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from "jose";

/** The key that signs tokens, and its public half as it is published. */
export type SigningKey = { readonly privateKey: CryptoKey; readonly publicJwk: JWK & { readonly kid: string } };

const ALGORITHM = "RS256";

async function makeKey(file: string): Promise<void> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  // Written whole under another name and linked: nobody ever reads half a key, and of two starters at once one wins.
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(await exportJWK(privateKey)), { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readKey(file: string): JWK | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Reads the key from its file, or makes it there with mode 0600: tokens stay good when the authority starts again. */
export async function ensureSigningKey(file: string): Promise<SigningKey> {
  if (readKey(file) === undefined) await makeKey(file);
  const jwk = readKey(file);
  if (jwk === undefined) throw new Error(`The signing key ${file} vanished while it was read.`);
  const privateKey = (await importJWK(jwk, ALGORITHM)) as CryptoKey;
  const { kty, n, e } = jwk;
  const publicPart = { kty, n, e } as JWK;
  return { privateKey, publicJwk: { ...publicPart, alg: ALGORITHM, use: "sig", kid: await calculateJwkThumbprint(publicPart) } };
}
