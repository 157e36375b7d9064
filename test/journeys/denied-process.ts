import { connect } from "node:net";

/**
 * Tries from wherever it is started what no pod must reach, ten times a second each, and once a second the name service beside it, until its
 * standard input ends. Prints what became of it as JSON.
 */
const DENIED = [
  { host: "168.63.129.16", port: 80 },
  { host: "168.63.129.16", port: 32_526 },
  { host: "169.254.169.254", port: 80 },
] as const;
const NAME_SERVICE = { host: "168.63.129.16", port: 53 } as const;
const EVERY_MS = 100;
const NAME_SERVICE_EVERY = 10;
/** An answer takes a millisecond; on a machine that stands still a little more. */
const PATIENCE_MS = 900;

/** `attempts`: rounds, each of them at all addresses. `nameService`: how often that answered. `longestPauseMs`: between two rounds. */
export type Tried = {
  attempts: number;
  reached: { host: string; port: number; afterMs: number }[];
  nameService: number;
  longestPauseMs: number;
};

const tried: Tried = { attempts: 0, reached: [], nameService: 0, longestPauseMs: 0 };
const begunAt = performance.now();
let lastAt = begunAt;

function attempt(to: { host: string; port: number }, onConnect: () => void): void {
  const socket = connect({ ...to, autoSelectFamily: false });
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  socket.once("connect", () => (onConnect(), socket.destroy()));
  socket.on("error", () => undefined).once("close", () => clearTimeout(timer));
}

function round(): void {
  const now = performance.now();
  tried.longestPauseMs = Math.max(tried.longestPauseMs, Math.round(now - lastAt));
  lastAt = now;
  for (const to of DENIED) attempt(to, () => tried.reached.push({ ...to, afterMs: Math.round(performance.now() - begunAt) }));
  if (tried.attempts++ % NAME_SERVICE_EVERY === 0) attempt(NAME_SERVICE, () => tried.nameService++);
}

const rounds = setInterval(round, EVERY_MS);
process.stdin.resume().once("end", () => {
  clearInterval(rounds);
  setTimeout(() => {
    process.stdout.write(JSON.stringify(tried));
    process.exit(0);
  }, PATIENCE_MS);
});
