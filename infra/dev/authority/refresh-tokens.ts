/**
 * Refresh tokens: signed, so that they outlive the process; replaced at every use, with the end of the sign-in that they come from.
 * A token that has been replaced is good for a minute more, since programs that run side by side share one cache; used later, it and all
 * of its sign-in are worth nothing. Which were replaced is known to this process only: after a restart an older one counts once more.
 */
import { randomUUID } from "node:crypto";
import { SignJWT, errors, importJWK, jwtVerify } from "jose";
import { Refusal } from "./refusal.ts";
import type { SigningKey } from "./signing-key.ts";
import type { ShortLived } from "./short-lived.ts";

/** A day: whoever develops signs in once in the morning. */
export const SIGN_IN_MS_MAX = 24 * 3_600_000;
const GRACE_MS = 60_000;
/** More than anybody replaces within that minute: a token for each of a few tenants and resources. */
const GENERATIONS_KEPT = 32;
const AUDIENCE = "refresh";
/** Keeps it from being taken for an access token, whatever its audience. */
const TYPE = "refresh+jwt";

/** What a refresh token stands for. */
export type RefreshGrant = {
  readonly signInId: string;
  /** How often it was replaced before. */
  readonly generation: number;
  readonly clientId: string;
  /** Any of Azure's own tools may use it (`foci`). */
  readonly isFamily: boolean;
  readonly userName: string;
  /** Milliseconds since 1970; replacing does not move it. */
  readonly endsAtMs: number;
};

/** What is known of a sign-in: its newest generation, when those before it were replaced (the last ones), and whether it counts still. */
export type SignIn = { readonly generation: number; readonly replacedAtMs: readonly number[]; readonly isRevoked: boolean };

/** A new sign-in's first grant. */
export function firstGrant(of: Pick<RefreshGrant, "clientId" | "isFamily" | "userName">, nowMs: number): RefreshGrant {
  return { ...of, signInId: randomUUID(), generation: 0, endsAtMs: nowMs + SIGN_IN_MS_MAX };
}

/** The token that carries a grant. */
export function writeRefreshToken(key: SigningKey, grant: RefreshGrant): Promise<string> {
  const { signInId, generation, clientId, isFamily, userName, endsAtMs } = grant;
  return new SignJWT({ sid: signInId, gen: generation, cid: clientId, fam: isFamily, usr: userName })
    .setProtectedHeader({ alg: "RS256", typ: TYPE, kid: key.publicJwk.kid })
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(endsAtMs / 1000))
    .sign(key.privateKey);
}

/** Reads a token of ours. @throws Refusal `badGrant`, `expiredGrant` */
export async function readRefreshToken(key: SigningKey, token: string, nowMs: number): Promise<RefreshGrant> {
  const publicKey = await importJWK(key.publicJwk, "RS256");
  const options = { algorithms: ["RS256"], audience: AUDIENCE, typ: TYPE, currentDate: new Date(nowMs) };
  const { payload } = await jwtVerify(token, publicKey, options).catch((error: unknown) => {
    throw new Refusal(error instanceof errors.JWTExpired ? "expiredGrant" : "badGrant");
  });
  const {
    sid,
    gen,
    cid,
    fam,
    usr,
    exp = 0,
  } = payload as { sid: string; gen: number; cid: string; fam: boolean; usr: string; exp?: number };
  return { signInId: sid, generation: gen, clientId: cid, isFamily: fam, userName: usr, endsAtMs: exp * 1000 };
}

/**
 * Replaces a grant by its next generation.
 * @throws Refusal `revokedGrant` when it was replaced longer ago than a minute, or its sign-in is revoked; `full`
 */
export function rotate(signIns: ShortLived<SignIn>, grant: RefreshGrant, nowMs: number): RefreshGrant {
  const until = { nowMs, endsAtMs: grant.endsAtMs };
  const known = signIns.get(grant.signInId, nowMs);
  if (known?.isRevoked === true) throw new Refusal("revokedGrant");
  if (known !== undefined && grant.generation < known.generation) {
    const replacedAtMs = known.replacedAtMs[known.replacedAtMs.length - (known.generation - grant.generation)] ?? -Infinity;
    // Somebody else was faster by a moment: both go on with the same generation.
    if (nowMs - replacedAtMs <= GRACE_MS) return { ...grant, generation: known.generation };
    signIns.put(grant.signInId, { ...known, isRevoked: true }, until);
    throw new Refusal("revokedGrant");
  }
  const generation = grant.generation + 1;
  const replacedAtMs = [...(known?.replacedAtMs ?? []), nowMs].slice(-GENERATIONS_KEPT);
  if (!signIns.put(grant.signInId, { generation, replacedAtMs, isRevoked: false }, until)) throw new Refusal("full");
  return { ...grant, generation };
}
