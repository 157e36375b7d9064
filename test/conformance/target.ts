import type { Caller, Json, Point, Step } from "./point.ts";
import type { Variables } from "./templates.ts";

/** What only an owner of an installation can do to it; a target that is somebody else's has none of these. */
export type Powers = {
  worker(step: Extract<Step, { step: "worker" }>, variables: Variables): Promise<void>;
  subscription(state: string): Promise<void>;
  crash(): Promise<void>;
  fill(step: Extract<Step, { step: "fill" }>, variables: Variables): Promise<void>;
};

/** An endpoint that the points are asked of. */
export type Target = {
  /** Without a slash at the end. */
  readonly base: string;
  readonly powers: Powers | undefined;
  /** A token for a caller; `null` sends none, nothing says that this target has no such caller. */
  token(caller: Caller): Promise<string | null | undefined>;
  /** The names that a point's templates stand for, or why this target has nothing like the cluster that the point is about. */
  prepare(point: Point): Promise<Readonly<Record<string, Json>> | string>;
  /** How long an operation may take here. */
  readonly patienceMs: number;
  /** Why a point cannot be asked of it, beside what it lacks. */
  whyNot(point: Point): string | undefined;
  close(): Promise<void>;
};
