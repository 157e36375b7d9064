/** What went wrong, to what, and what to do: the one error type that crosses module boundaries. */
export class AppError extends Error {
  /** Stable, dotted, lower case: `kube.unreachable`. Surfaces map it to HTTP or an exit code. */
  readonly code: string;
  /** One sentence that a reader can act on. Empty when there is nothing that they could do. */
  readonly remedy: string;

  constructor(code: string, options: { say: string; do?: string; cause?: unknown }) {
    super(options.say, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.remedy = options.do ?? "";
  }
}

/** The message of an error with those of its causes, outermost first: "A: B: C". An outer message never repeats its cause. */
export function explain(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = at instanceof Error ? at.cause : undefined)
    parts.push(at instanceof Error ? at.message : String(at));
  return parts.join(": ");
}

/** What went wrong, and then what to do where somebody can do something: "A: B. Do C." For those who read an error and have nobody else to ask. */
export function advise(error: unknown): string {
  const said = explain(error);
  if (!(error instanceof AppError) || error.remedy === "") return said;
  return `${said}${/[.!?]$/.test(said) ? "" : "."} ${error.remedy}`;
}
