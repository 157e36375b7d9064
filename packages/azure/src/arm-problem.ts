import { AppError, type OperationError } from "@hostrouting/domain";

/** An ARM error as the SDKs throw it (RestError), as far as we read it. */
type RestErrorLike = { statusCode?: number; code?: string; message: string; details?: unknown; name?: string };

/** HTTP status of an ARM error that was turned into an AppError; 0 when no answer came. */
export type ArmProblem = { readonly httpStatus: number; readonly error: OperationError };

/** What ARM said was wrong, with its code; the details of the body are kept. */
export class ArmRefusal extends AppError {
  readonly problem: ArmProblem;
  constructor(problem: ArmProblem, remedy: string, cause: unknown) {
    super("azure.refused", { say: `(${problem.error.code}) ${problem.error.message}`, do: remedy, cause });
    this.problem = problem;
  }
}

/**
 * Turns what the SDK threw into one of ours: `azure.not-authenticated`, `azure.unreachable`, or an ArmRefusal with the code and details of the ARM error body.
 */
export function asAppError(error: unknown, arm: string): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const seen = error as RestErrorLike;
  if (seen.statusCode === undefined && isConnection(seen))
    return new AppError("azure.unreachable", {
      say: `${arm} could not be reached`,
      do: "Is it running (npm start)? Does the CA file belong to it?",
      cause: firstLine(error),
    });
  if (isAuthentication(seen))
    return new AppError("azure.not-authenticated", {
      say: `${arm} did not accept the credential`,
      do: "Check tenant, client id and secret.",
      cause: firstLine(error),
    });
  if (seen.statusCode === undefined) return error;
  return new ArmRefusal({ httpStatus: seen.statusCode, error: errorBody(seen) }, "", undefined);
}

function isAuthentication(error: RestErrorLike): boolean {
  const names = ["AuthenticationError", "AuthenticationRequiredError", "CredentialUnavailableError", "AggregateAuthenticationError"];
  return error.statusCode === 401 || names.includes(error.name ?? "");
}

/** Node's system errors (ECONNREFUSED, …), TLS errors, what the pipeline makes of them, and MSAL, which hides them behind a failure of its own. */
function isConnection(error: RestErrorLike): boolean {
  const codes = /^(E[A-Z_]+|REQUEST_SEND_ERROR|CERT_.*|UNABLE_TO_.*|SELF_SIGNED.*|DEPTH_ZERO.*)$/;
  return codes.test(error.code ?? "") || /\b(endpoints_resolution_error|openid_config_error|network_error)\b/.test(error.message);
}

function errorBody(error: RestErrorLike): OperationError {
  const body = error.details as { error?: OperationError } | OperationError | undefined;
  const inner = body !== undefined && "error" in body ? body.error : (body as OperationError | undefined);
  if (inner !== undefined && typeof inner.code === "string" && typeof inner.message === "string") return inner;
  return { code: error.code ?? `Http${error.statusCode}`, message: error.message.split("\n")[0] ?? "" };
}

/** SDK messages carry whole requests behind their first line. */
function firstLine(error: Error): Error {
  return new Error(error.message.split("\n")[0] ?? "");
}
