import { ArmRefusal } from "@hostrouting/azure";
import { AppError } from "@hostrouting/domain";

/** What the command tells the shell. */
export const exitCodes = {
  /** What was asked for is so. */
  ok: 0,
  /** The command line makes no sense, or there is no installation. */
  usage: 1,
  /** The cluster or its settings do not permit it; nothing was switched. */
  blocked: 2,
  /** Accepted, not finished (`--no-wait`). */
  inProgress: 4,
  /** It was tried and did not succeed, or the endpoint cannot be reached. */
  failed: 5,
  /** The credential was not accepted, or does not suffice. */
  unauthorised: 6,
} as const;

const BLOCKED_CODES = new Set(["PreflightBlocked", "OperationNotAllowed", "PropertyChangeNotAllowed"]);

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ArmRefusal) {
    const { httpStatus, error: body } = error.problem;
    if (httpStatus === 403) return exitCodes.unauthorised;
    return [400, 409, 412].includes(httpStatus) || BLOCKED_CODES.has(body.code) ? exitCodes.blocked : exitCodes.failed;
  }
  if (!(error instanceof AppError)) return exitCodes.failed;
  if (error.code === "azure.not-authenticated") return exitCodes.unauthorised;
  return error.code.startsWith("cli.") ? exitCodes.usage : exitCodes.failed;
}
