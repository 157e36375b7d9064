/** One fault in ARM's words; a fault with several causes lists them in `details`. */
export type ArmFault = {
  /** PascalCase. */
  readonly code: string;
  readonly message: string;
  /** Finer than `code`, as AKS gives it. */
  readonly subcode?: string;
  /** Dotted path of the member at fault. */
  readonly target?: string;
  readonly details?: readonly ArmFault[];
};

/** A refusal: becomes the reply's status and body as they stand. */
export class ArmError extends Error {
  readonly status: number;
  readonly fault: ArmFault;
  /** Header `Retry-After`; az repeats every request that fails with this header, so only 429 and 503 may carry it. */
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    fault: ArmFault,
    options: { retryAfterSeconds?: number; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(fault.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ArmError";
    this.status = status;
    this.fault = fault;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers ?? {};
  }
}

/** A refusal with a code and a message; one that names a member is made with `new ArmError`. */
export function armError(status: number, code: string, message: string): ArmError {
  return new ArmError(status, { code, message });
}

/** Several faults as one: the only one as it is, more of them under `MultipleErrorsOccurred`. */
export function manyFaults(faults: readonly [ArmFault, ...ArmFault[]]): ArmFault {
  if (faults.length === 1) return faults[0];
  return { code: "MultipleErrorsOccurred", message: `The request has ${faults.length} faults; see the details.`, details: faults };
}
