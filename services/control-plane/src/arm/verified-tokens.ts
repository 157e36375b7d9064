import { hash } from "node:crypto";
import type { Principal } from "./principal.ts";

/** How long a token that was found good is taken for good: a signing key that its issuer withdraws counts for so much longer. */
const KEPT_MS = 60_000;
/** Twice as many at most: about 10 MiB, whoever sends whatever. */
const GENERATION_MAX = 10_000;

/** A principal with how long its token is good: milliseconds since 1970. */
export type Verified = { readonly principal: Principal; readonly expiresAtMs: number };

/** Tokens that were found good a moment ago, under their digests: no token is kept itself, and what was refused is never kept. */
export type VerifiedTokens = {
  get(token: string, nowMs: number): Principal | undefined;
  put(token: string, verified: Verified, nowMs: number): void;
};

const digestOf = (token: string): string => hash("sha256", token, "base64");

/** Makes an empty one. In two generations: when the young one is full, the old one is let go. */
export function verifiedTokens(generationMax = GENERATION_MAX): VerifiedTokens {
  let young = new Map<string, Verified & { readonly sinceMs: number }>();
  let old: typeof young = new Map();
  return {
    get(token, nowMs) {
      const digest = digestOf(token);
      const kept = young.get(digest) ?? old.get(digest);
      // A clock that was set back makes none of them good for longer.
      if (kept === undefined || nowMs < kept.sinceMs || nowMs >= Math.min(kept.sinceMs + KEPT_MS, kept.expiresAtMs)) return undefined;
      return kept.principal;
    },
    put(token, verified, nowMs) {
      if (young.size >= generationMax) [old, young] = [young, new Map()];
      young.set(digestOf(token), { ...verified, sinceMs: nowMs });
    },
  };
}
