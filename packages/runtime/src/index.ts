/** What every process needs and no domain code knows: configuration, logging, clock, metrics, orderly end. */
export * from "./clock.ts";
export * from "./config.ts";
export * from "./go-on-unheard.ts";
export * from "./logger.ts";
export * from "./metric-exposition.ts";
export * from "./metrics-server.ts";
export * from "./reachable-address.ts";
export * from "./run-loop.ts";
export * from "./shutdown.ts";
export * from "./timers.ts";
