/** Authorization codes with PKCE (RFC 6749 §4.1, RFC 7636, S256 only). Each is redeemed once, within a minute, by whom it was made for. */
import { createHash, randomBytes } from "node:crypto";
import { Refusal } from "./refusal.ts";
import { shortLived } from "./short-lived.ts";

const LIFETIME_MS = 60_000;
const CODES_MAX = 1_000;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** What a code stands for. */
export type CodeGrant = {
  readonly clientId: string;
  readonly redirectUri: string;
  /** BASE64URL(SHA256(verifier)). */
  readonly challenge: string;
  readonly userName: string;
  readonly scope: string;
  readonly nonce: string | undefined;
};

/** Codes that were given out. */
export type AuthorizationCodes = {
  /** @throws Refusal `full` */
  issue(grant: CodeGrant, nowMs: number): string;
  /** Redeems a code; whatever comes of it, it is used. @throws Refusal */
  redeem(code: string, by: Readonly<Record<"clientId" | "redirectUri" | "verifier", string>>, nowMs: number): CodeGrant;
};

/** A memory of authorization codes. */
export function authorizationCodes(): AuthorizationCodes {
  const open = shortLived<CodeGrant>(CODES_MAX);
  const used = shortLived<true>(CODES_MAX);
  return {
    issue(grant, nowMs) {
      const code = randomBytes(32).toString("base64url");
      if (!open.put(code, grant, { nowMs, endsAtMs: nowMs + LIFETIME_MS })) throw new Refusal("full");
      return code;
    },
    redeem(code, by, nowMs) {
      if (used.get(code, nowMs) === true) throw new Refusal("usedCode");
      const grant = open.get(code, nowMs);
      if (grant === undefined) throw new Refusal("expiredGrant");
      open.drop(code);
      // Where there is no room the code is unknown instead, which refuses it as well.
      used.put(code, true, { nowMs, endsAtMs: nowMs + LIFETIME_MS });
      if (grant.clientId !== by.clientId) throw new Refusal("foreignGrant");
      if (grant.redirectUri !== by.redirectUri) throw new Refusal("badRedirect");
      const challenge = createHash("sha256").update(by.verifier).digest("base64url");
      if (!VERIFIER.test(by.verifier) || challenge !== grant.challenge) throw new Refusal("badVerifier");
      return grant;
    },
  };
}
