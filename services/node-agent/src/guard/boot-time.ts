import { readFileSync } from "node:fs";

/** CLOCK_BOOTTIME in nanoseconds, to a hundredth of a second: what the guard's programs reckon by, and what a suspended machine goes on with. */
export function bootTimeNs(): bigint {
  const [seconds = "0"] = readFileSync("/proc/uptime", "utf8").split(" ");
  return BigInt(Math.round(Number(seconds) * 1e9));
}
