/** A directory and an authority for the tests beside this file. */
import { generateKeyPair, exportJWK, SignJWT, type CryptoKey, type JWK } from "jose";
import { authorizationCodes } from "./authorization-codes.ts";
import { deviceCodes } from "./device-codes.ts";
import type { Directory } from "./directory.ts";
import { Refusal, toAnswer, type Answer } from "./refusal.ts";
import { shortLived } from "./short-lived.ts";
import type { SigningKey } from "./signing-key.ts";
import { answerDeviceCode, answerToken, type Authority } from "./token-answer.ts";

/** Two tenants, applications of every kind, people. */
export const known = {
  tenant: "11111111-0000-4000-8000-000000000001",
  other: "11111111-0000-4000-8000-000000000002",
  secretClient: "22222222-0000-4000-8000-000000000001",
  keyClient: "22222222-0000-4000-8000-000000000002",
  federatedClient: "22222222-0000-4000-8000-000000000003",
  publicClient: "22222222-0000-4000-8000-000000000004",
  azureCli: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
  publicUrl: "https://localhost:1",
  issuer: "https://issuer.test/",
} as const;

/** When the tests take place, in milliseconds since 1970. */
export const NOW_MS = Date.UTC(2026, 3, 1);

/** A pair of keys, and what signs an assertion with it. */
export type Signer = { readonly publicJwk: JWK; sign(claims: Readonly<Record<string, unknown>>): Promise<string> };

/** Makes a pair of keys. */
export async function makeSigner(algorithm: "RS256" | "ES256" = "RS256"): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm);
  return {
    publicJwk: await exportJWK(publicKey),
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: "JWT" }).sign(privateKey),
  };
}

async function makeKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwk = await exportJWK(publicKey);
  return { privateKey: privateKey as CryptoKey, publicJwk: { ...jwk, kid: "k", alg: "RS256", use: "sig" } };
}

/** An authority, and how its answers are asked for at a time of one's own. */
export type TestAuthority = {
  readonly authority: Authority;
  token(form: Readonly<Record<string, string>>, at?: { readonly tenant?: string; readonly ms?: number }): Promise<Answer>;
  deviceCode(form: Readonly<Record<string, string>>, at?: { readonly tenant?: string; readonly ms?: number }): Promise<Answer>;
};

/** Makes an authority of its own. */
export async function makeAuthority(
  parts: { readonly keys?: readonly JWK[]; readonly federated?: readonly JWK[]; readonly approvedUser?: string } = {},
): Promise<TestAuthority> {
  const federated = { issuer: known.issuer, subject: "repo:one", audience: "api://AzureADTokenExchange", keys: parts.federated ?? [] };
  const clients = [
    { clientId: known.secretClient, displayName: "Secret", secret: "s-1" },
    { clientId: known.keyClient, displayName: "Key", keys: parts.keys ?? [] },
    { clientId: known.federatedClient, displayName: "Federated", federated: [federated] },
    { clientId: known.publicClient, displayName: "Public", redirectUris: ["http://localhost/back", "https://localhost:1/portal"] },
  ];
  const directory: Directory = [
    { tenantId: known.tenant, clients, users: [{ userName: "dev@one.test", displayName: "Dev", password: "p-1" }] },
    { tenantId: known.other, clients: [], users: [{ userName: "far@two.test", displayName: "Far", password: "p-2" }] },
  ];
  const authority: Authority = {
    publicUrl: known.publicUrl,
    key: await makeKey(),
    directory,
    deviceCodes: deviceCodes(),
    authorizationCodes: authorizationCodes(),
    signIns: shortLived(100),
    assertions: shortLived(100),
    approvedUser: parts.approvedUser,
  };
  const asked = (form: Readonly<Record<string, string>>, at: { readonly tenant?: string; readonly ms?: number }) => ({
    tenant: at.tenant ?? known.tenant,
    form: new URLSearchParams(form),
    nowMs: NOW_MS + (at.ms ?? 0),
  });
  const refusing = async (answer: () => Answer | Promise<Answer>): Promise<Answer> => {
    try {
      return await answer();
    } catch (error) {
      if (error instanceof Refusal) return toAnswer(error, NOW_MS);
      throw error;
    }
  };
  return {
    authority,
    token: (form, at = {}) => refusing(() => answerToken(authority, asked(form, at))),
    deviceCode: (form, at = {}) => refusing(() => answerDeviceCode(authority, asked(form, at))),
  };
}

/** Status, OAuth's word and Entra's number of an answer. */
export function gist({ status, body }: Answer): readonly unknown[] {
  return [status, body["error"], (body["error_codes"] as readonly number[] | undefined)?.[0]];
}
