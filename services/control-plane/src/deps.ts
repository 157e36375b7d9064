import type { Doorbell } from "@hostrouting/doorbell";
import type { Provider } from "@hostrouting/domain";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { Store } from "@hostrouting/store";
import type { ThrottleLimits } from "./arm/request-throttle.ts";
import type { Principal } from "./arm/principal.ts";
import type { NodeHourPrice } from "./node-hour-price.ts";

/** Everything that the surface needs from outside; built in `main.ts`, and by tests. */
export type Deps = {
  /** @throws AppError `store.unavailable` while the database has not answered yet. */
  readonly store: () => Store;
  readonly doorbell: Doorbell;
  /** @throws ArmError 401 when a token will not do, 503 when its issuer cannot be asked. */
  readonly verifyToken: (token: string) => Promise<Principal>;
  readonly clock: Clock;
  /** A new UUID. */
  readonly newId: () => string;
  readonly logger: Logger;
  readonly settings: Settings;
};

/** The part of the configuration that replies depend on. */
export type Settings = {
  /** Base of absolute URLs, without a slash at the end. */
  readonly publicUrl: string;
  /** Region in `x-ms-routing-request-id`. */
  readonly location: string;
  readonly retryAfterSeconds: number;
  /** A client that is slower than this with its request is cut off. */
  readonly requestTimeoutMs: number;
  /** How many requests a principal may send. */
  readonly throttle: ThrottleLimits;
  /** Origins whose scripts may call. */
  readonly corsOrigins: readonly string[];
  /** Those that make, change and remove clusters here; the first one makes what is new. None: clusters are only registered. */
  readonly providers: readonly Provider[];
  /** Absent: no amounts are shown. */
  readonly nodeHourPrice: NodeHourPrice | undefined;
  /** Development only: where token requests are forwarded. */
  readonly authorityUrl: string | undefined;
};
