import { pino, type Logger as PinoLogger } from "pino";

/** Structured logger; every line is one JSON object with `service`, `level`, `time` (ISO 8601). */
export type Logger = PinoLogger;

/** A line in which nothing stands deeper than its members. */
export type FlatLine = Readonly<Record<string, string | number | undefined>>;

/** Writes flat lines. */
export type FlatLogger = Readonly<Record<"debug" | "info", (line: FlatLine, message: string) => void>>;

/** Members whose values never reach a log, wherever they stand up to three levels deep. */
const SECRET_MEMBERS = [
  "password",
  "secret",
  "clientSecret",
  "client_secret",
  "token",
  "access_token",
  "authorization",
  "kubeconfig",
  "privateKey",
];
const CENSOR = "[redacted]";

/** A logger for one service; secrets are replaced by "[redacted]". */
export function createLogger(service: string, level: string = "info"): Logger {
  return pino({
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_MEMBERS.flatMap((member) => [member, `*.${member}`, `*.*.${member}`]), censor: CENSOR },
  });
}

/**
 * The same logger for flat lines of which there are many. Secrets are looked for among their members alone: looking below each of them, where nothing can
 * be, takes several times as long as all else that a line costs.
 */
export function flatLogger(logger: Logger): FlatLogger {
  return logger.child({}, { redact: { paths: SECRET_MEMBERS, censor: CENSOR } });
}
