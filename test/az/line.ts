/** One command, and what is expected of it. */
export type Line = {
  /** Words after `az`; `{name}` stands for a value of the stage. */
  readonly az: string;
  /** 0 when absent. */
  readonly exit?: number;
  /** What reaches the control plane, in order (request-record.ts). */
  readonly requests: readonly string[];
  /** In what it prints. */
  readonly prints?: RegExp;
  /** All that it prints, as JSON. */
  readonly returns?: unknown;
  /** In what it tells on standard error. */
  readonly tells?: RegExp;
  /** With an az that knows nothing yet but the cloud: tokens of earlier lines would be used again. */
  readonly isFresh?: boolean;
};
