import { createHash } from "node:crypto";
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWK, type JWTPayload } from "jose";
import type { Client, FederatedCredential } from "./directory.ts";
import { Refusal } from "./refusal.ts";
import type { ShortLived } from "./short-lived.ts";

/** Whoever signs with a key that it holds needs no long-lived assertion; a federated issuer's tokens may last a day. */
const LIFETIME_S_MAX = 3_600;
const FEDERATED_LIFETIME_S_MAX = 24 * 3_600;
const CLOCK_TOLERANCE_S = 60;
/** No symmetric ones, or the public key would be the secret. */
const ALGORITHMS: ReadonlySet<string> = new Set(["RS256", "PS256", "ES256"]);

/** What an assertion is measured by. */
export type AssertionRules = {
  /** Addresses of the token endpoint: any of them may be its audience. */
  readonly audiences: readonly string[];
  readonly nowMs: number;
  /** Which assertion (its hash) a `jti` names. */
  readonly seen: ShortLived<string>;
};

type Parsed = { readonly assertion: string; readonly algorithm: string; readonly payload: JWTPayload };

function parse(assertion: string): Parsed {
  try {
    const { alg } = decodeProtectedHeader(assertion);
    const payload = decodeJwt(assertion);
    if (typeof alg === "string" && ALGORITHMS.has(alg)) return { assertion, algorithm: alg, payload };
  } catch {
    throw new Refusal("assertionMalformed", "it cannot be read.");
  }
  throw new Refusal("assertionMalformed", `it must be signed by one of ${[...ALGORITHMS].join(", ")}.`);
}

/** Whether one of the keys signed it. Headers are not believed: certificates are named by `x5t`, keys by `kid`, and neither must fit. */
async function isSignedBy(keys: readonly JWK[], { assertion, algorithm }: Parsed): Promise<boolean> {
  for (const key of keys)
    try {
      await compactVerify(assertion, await importJWK(key, algorithm), { algorithms: [algorithm] });
      return true;
    } catch {
      // Another key may fit: one of an application's several, or of another kind than the algorithm wants.
    }
  return false;
}

function requireTime({ payload }: Parsed, nowMs: number, lifetimeSMax: number): void {
  const nowS = nowMs / 1000;
  const { exp, nbf = 0 } = payload;
  const isGood = exp !== undefined && exp > nowS - CLOCK_TOLERANCE_S && nbf <= nowS + CLOCK_TOLERANCE_S;
  if (!isGood || exp > nowS + lifetimeSMax + CLOCK_TOLERANCE_S) throw new Refusal("assertionTime");
}

/**
 * A `jti` names one assertion only. That assertion itself may be shown again until it ends: MSAL, of JavaScript and of Python, makes one
 * for ten minutes and shows it for every token (ClientAssertion.getJwt, AutoRefresher), and Entra takes it each time.
 */
function requireUnusedId({ assertion, payload }: Parsed, client: Client, rules: AssertionRules): void {
  const { jti, exp = 0 } = payload;
  if (typeof jti !== "string" || jti === "" || jti.length > 256) throw new Refusal("assertionReplayed");
  const key = `${client.clientId}/${jti}`;
  const hash = createHash("sha256").update(assertion).digest("base64url");
  const before = rules.seen.get(key, rules.nowMs);
  if (before === hash) return;
  if (before !== undefined) throw new Refusal("assertionReplayed");
  const until = { nowMs: rules.nowMs, endsAtMs: (exp + CLOCK_TOLERANCE_S) * 1000 };
  if (!rules.seen.put(key, hash, until)) throw new Refusal("full");
}

function namesAny(audience: JWTPayload["aud"], audiences: readonly string[]): boolean {
  return [audience ?? []].flat().some((one) => audiences.some((known) => known.toLowerCase() === one.toLowerCase()));
}

async function checkOwn(client: Client, parsed: Parsed, rules: AssertionRules): Promise<void> {
  const { payload } = parsed;
  const id = client.clientId.toLowerCase();
  if (payload.iss?.toLowerCase() !== id || payload.sub?.toLowerCase() !== id) throw new Refusal("assertionIssuer");
  if (!namesAny(payload.aud, rules.audiences)) throw new Refusal("assertionAudience", rules.audiences[0] ?? "");
  requireTime(parsed, rules.nowMs, LIFETIME_S_MAX);
  if (!(await isSignedBy(client.keys ?? [], parsed))) throw new Refusal("assertionUnsigned");
  requireUnusedId(parsed, client, rules);
}

/** A token of another issuer, which is not made for this request: it may be shown as often as it lives. */
async function checkFederated(credential: FederatedCredential, parsed: Parsed, nowMs: number): Promise<void> {
  requireTime(parsed, nowMs, FEDERATED_LIFETIME_S_MAX);
  if (!(await isSignedBy(credential.keys, parsed))) throw new Refusal("assertionUnsigned");
}

/**
 * Checks an assertion (RFC 7523 §3): of the application itself, signed by a key that is registered for it, or of an issuer whose word counts for it.
 * @throws Refusal
 */
export async function checkAssertion(client: Client, assertion: string, rules: AssertionRules): Promise<void> {
  const parsed = parse(assertion);
  const { iss, sub, aud } = parsed.payload;
  const credential = (client.federated ?? []).find((one) => one.issuer === iss && one.subject === sub && namesAny(aud, [one.audience]));
  if (credential !== undefined) return checkFederated(credential, parsed, rules.nowMs);
  // Whose issuer is somebody else is not told that its own id is missing, but that nobody trusts that issuer.
  if (URL.canParse(iss ?? "") || (client.keys ?? []).length === 0) throw new Refusal("noFederation");
  return checkOwn(client, parsed, rules);
}
