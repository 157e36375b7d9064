import { pino, type Logger as PinoLogger } from "pino";

/** Structured logger; every line is one JSON object with `service`, `level`, `time` (ISO 8601). */
export type Logger = PinoLogger;

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

/** A logger for one service; secrets are replaced by "[redacted]". */
export function createLogger(service: string, level: string = "info"): Logger {
  return pino({
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_MEMBERS.flatMap((member) => [member, `*.${member}`, `*.*.${member}`]), censor: "[redacted]" },
  });
}
