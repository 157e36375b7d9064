import { isIPv4, isIPv6 } from "node:net";
import type { FlowsRequest, Path, PortReuseRequest, RunRequest, Target } from "./traffic-contract.ts";

/** Bounds of a run; see RunRequest for what they are of. */
const LIMITS = {
  durationMs: [100, 600_000],
  newConnectionsPerSecond: [0, 1_000],
  hammerClients: [0, 16],
  hitsWanted: [1, 50],
  addresses: [1, 64],
} as const;

const PATHS: readonly Path[] = ["service", "pod-same", "pod-other", "outside"];

/** The body of POST /run. Throws with a sentence that names the field that is wrong. */
export function checkRun(body: unknown): RunRequest {
  const fields = object(body);
  return {
    targets: list(fields, "targets").map(target),
    durationMs: whole(fields, "durationMs"),
    newConnectionsPerSecond: whole(fields, "newConnectionsPerSecond"),
    longLived: fields["longLived"] === true,
    hammerClients: whole(fields, "hammerClients"),
  };
}

/** The body of POST /flows. Throws with a sentence that names the field that is wrong. */
export function checkFlows(body: unknown): FlowsRequest {
  return { targets: list(object(body), "targets").map(target) };
}

/** The body of POST /port-reuse. Throws with a sentence that names the field that is wrong. */
export function checkPortReuse(body: unknown): PortReuseRequest {
  const fields = object(body);
  return {
    service: address(fields["service"]),
    pods: list(fields, "pods").map(address),
    hitsWanted: whole(fields, "hitsWanted"),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function object(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw new TypeError("an object is needed");
  return value as Fields;
}

function list(fields: Fields, name: string): unknown[] {
  const value = fields[name];
  const [least, most] = LIMITS.addresses;
  if (!Array.isArray(value) || value.length < least || value.length > most)
    throw new RangeError(`${name}: a list of ${least} to ${most} is needed`);
  return value;
}

function whole(fields: Fields, name: Exclude<keyof typeof LIMITS, "addresses">): number {
  const [least, most] = LIMITS[name];
  const value = fields[name];
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: a whole number from ${least} to ${most} is needed`);
}

function address(value: unknown): string {
  if (typeof value === "string" && (isIPv4(value) || isIPv6(value))) return value;
  throw new TypeError(`${JSON.stringify(value)} is no IP address`);
}

function target(value: unknown): Target {
  const fields = object(value);
  const ip = address(fields["ip"]);
  const path = PATHS.find((one) => one === fields["path"]);
  if (path === undefined) throw new TypeError(`path: one of ${PATHS.join(", ")} is needed`);
  return { path, ip, family: isIPv6(ip) ? "v6" : "v4" };
}
