import { readFileSync } from "node:fs";
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@hostrouting/domain";

const LOOK_MS = 50;
/** A handshake takes milliseconds, and a second on a machine that is busy with other things. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Waits until a URL answers 200.
 * @param limit `signal` ends the wait early; `log` names the file to look at when it never answers.
 * @throws AppError `start.not-ready`
 */
export async function waitForHttps(
  url: string,
  caFile: string,
  limit: { timeoutMs: number; signal: AbortSignal; log: string },
): Promise<void> {
  const ca = readFileSync(caFile);
  const deadline = performance.now() + limit.timeoutMs;
  while (performance.now() < deadline) {
    limit.signal.throwIfAborted();
    if ((await statusOf(url, ca)) === 200) return;
    await sleep(LOOK_MS);
  }
  throw new AppError("start.not-ready", { say: `${url} did not answer within ${limit.timeoutMs / 1000} s`, do: `Look at ${limit.log}.` });
}

function statusOf(url: string, ca: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, { ca, timeout: REQUEST_TIMEOUT_MS, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}
