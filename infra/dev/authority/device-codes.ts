/**
 * Device codes (RFC 8628). waiting → approved | declined, then gone when it is redeemed; waiting → expired after 15 minutes.
 * Kept in memory: who is signing in while the process ends begins again.
 */
import { randomBytes, randomInt } from "node:crypto";
import { Refusal } from "./refusal.ts";
import { shortLived } from "./short-lived.ts";

const LIFETIME_S = 900;
const INTERVAL_S = 1;
/** Clients wait for the interval by their own clock; only who does not wait at all is told to slow down, since MSAL for JavaScript gives up then. */
const INTERVAL_TOLERANCE_MS = 500;
const CODES_MAX = 1_000;
/** Expired ones are remembered for another while, so that their clients are told so. */
const REMEMBERED_MS = 15 * 60_000;
/** No vowels, nothing that looks like something else; 20^9 are 38 bits, and whoever guesses needs a password as well. */
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LENGTH = 9;

/** What a code was asked for with. */
export type DeviceRequest = { readonly clientId: string; readonly scope: string; readonly tenant: string };

type State =
  | { readonly kind: "waiting"; readonly polledAtMs: number }
  | { readonly kind: "approved"; readonly userName: string }
  | { readonly kind: "declined" };
type Entry = { readonly request: DeviceRequest; readonly userCode: string; readonly endsAtMs: number; state: State };

/** Codes that were given out. */
export type DeviceCodes = {
  /** Gives out a pair of codes. @throws Refusal `full` */
  issue(
    request: DeviceRequest,
    nowMs: number,
  ): { readonly deviceCode: string; readonly userCode: string; readonly expiresInS: number; readonly intervalS: number };
  /** What a code that somebody types is for; unknown, expired and answered ones are for nothing. */
  waiting(userCode: string, nowMs: number): DeviceRequest | undefined;
  /** A person's answer; with no name it is "no". False: there was nothing to answer. */
  answer(userCode: string, userName: string | undefined, nowMs: number): boolean;
  /** Redeems a code once. @throws Refusal for as long as it cannot be, with the reason */
  redeem(deviceCode: string, clientId: string, nowMs: number): { readonly request: DeviceRequest; readonly userName: string };
};

function newUserCode(): string {
  return Array.from({ length: USER_CODE_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join("");
}

/** As people type: in small letters, with blanks and dashes. */
function plain(userCode: string): string {
  return userCode.replaceAll(/[\s-]/g, "").toUpperCase();
}

/** A memory of device codes. */
export function deviceCodes(): DeviceCodes {
  const byDevice = shortLived<Entry>(CODES_MAX);
  const byUser = shortLived<Entry>(CODES_MAX);
  const waitingEntry = (userCode: string, nowMs: number): Entry | undefined => {
    const entry = byUser.get(plain(userCode), nowMs);
    return entry?.state.kind === "waiting" ? entry : undefined;
  };
  return {
    issue(request, nowMs) {
      const [deviceCode, userCode] = [randomBytes(32).toString("base64url"), newUserCode()];
      const endsAtMs = nowMs + LIFETIME_S * 1000;
      const entry: Entry = { request, userCode, endsAtMs, state: { kind: "waiting", polledAtMs: -Infinity } };
      const hasRoom =
        byUser.put(userCode, entry, { nowMs, endsAtMs }) && byDevice.put(deviceCode, entry, { nowMs, endsAtMs: endsAtMs + REMEMBERED_MS });
      if (hasRoom) return { deviceCode, userCode, expiresInS: LIFETIME_S, intervalS: INTERVAL_S };
      byUser.drop(userCode);
      throw new Refusal("full");
    },
    waiting: (userCode, nowMs) => waitingEntry(userCode, nowMs)?.request,
    answer(userCode, userName, nowMs) {
      const entry = waitingEntry(userCode, nowMs);
      if (entry === undefined) return false;
      entry.state = userName === undefined ? { kind: "declined" } : { kind: "approved", userName };
      return true;
    },
    redeem(deviceCode, clientId, nowMs) {
      const entry = byDevice.get(deviceCode, nowMs);
      if (entry === undefined) throw new Refusal("badGrant");
      if (entry.request.clientId !== clientId) throw new Refusal("foreignGrant");
      if (entry.endsAtMs <= nowMs) throw new Refusal("expiredCode");
      const { state } = entry;
      if (state.kind === "waiting") {
        const isTooFast = nowMs - state.polledAtMs < INTERVAL_S * 1000 - INTERVAL_TOLERANCE_MS;
        entry.state = { kind: "waiting", polledAtMs: nowMs };
        throw new Refusal(isTooFast ? "tooFast" : "pending");
      }
      byDevice.drop(deviceCode);
      byUser.drop(entry.userCode);
      if (state.kind === "declined") throw new Refusal("declined");
      return { request: entry.request, userName: state.userName };
    },
  };
}
