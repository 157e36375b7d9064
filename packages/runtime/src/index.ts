/** What every process needs and no domain code knows: configuration, logging, clock, orderly end. */
export * from "./clock.ts";
export * from "./config.ts";
export * from "./logger.ts";
export * from "./run-loop.ts";
export * from "./shutdown.ts";
