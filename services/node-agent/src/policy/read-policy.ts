import { visibleText } from "@hostrouting/domain";
import { readRange } from "../masquerade/address-range.ts";
import type { DeniedPorts, DenyRule } from "./deny-table.ts";

/** A policy as it was read: what it denies, or why this agent cannot tell. `generation` is the API server's, 0 when it says none. */
export type ReadPolicy = { readonly name: string; readonly generation: number } & (
  | { readonly rules: readonly DenyRule[] }
  | { readonly fault: string }
);

/** Thrown inside this file only. */
class Fault extends Error {}

type Json = Readonly<Record<string, unknown>>;

/** What `spec` may say without meaning more than deny rules for all pods. */
const SPEC_MEMBERS = ["description", "labels", "endpointSelector", "enableDefaultDeny", "egressDeny"];
const RULE_MEMBERS = ["toCIDR", "toPorts"];
const PORTS_MEMBERS = ["ports"];
const PORT_MEMBERS = ["port", "endPort", "protocol"];
const SELECTOR_MEMBERS = ["matchLabels", "matchExpressions"];
const PORT_MAX = 65_535;
/** Cilium's word for what has ports (pkg/policy/api, L4Proto); ICMP is told by other members. */
const WITH_PORTS = ["TCP", "UDP", "SCTP"] as const;
const FAULT_CHARACTERS_MAX = 300;

/**
 * Reads a CiliumClusterwideNetworkPolicy (cilium.io/v2; `spec`, `specs` or both). Deny rules by CIDR and port for all pods are understood. Anything
 * else is refused as a whole and named: half a policy would be another one. Undefined for what is no object of Kubernetes.
 */
export function readPolicy(object: unknown): ReadPolicy | undefined {
  const { metadata, spec, specs } = isJson(object) ? object : {};
  if (!isJson(metadata) || typeof metadata.name !== "string") return undefined;
  const about = { name: metadata.name, generation: typeof metadata.generation === "number" ? metadata.generation : 0 };
  try {
    const all = [...(spec === undefined ? [] : [["spec", spec] as const]), ...indexed("specs", specs ?? [])];
    if (all.length === 0) throw new Fault("has neither spec nor specs");
    return { ...about, rules: all.flatMap(([at, one]) => readSpec(at, one)) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ...about, fault: visibleText(error.message).slice(0, FAULT_CHARACTERS_MAX) };
  }
}

function readSpec(at: string, spec: unknown): DenyRule[] {
  const { endpointSelector, enableDefaultDeny, egressDeny } = members(at, spec, SPEC_MEMBERS);
  if (!selectsAll(`${at}.endpointSelector`, endpointSelector)) throw new Fault(`${at}.endpointSelector selects some pods only`);
  // Cilium's default for a direction with rules is true, which denies whatever is not allowed
  const { egress } = isJson(enableDefaultDeny) ? enableDefaultDeny : {};
  if (egress !== false) throw new Fault(`${at}.enableDefaultDeny.egress is not false`);
  return indexed(`${at}.egressDeny`, egressDeny).map(([place, rule]) => readRule(place, rule));
}

function selectsAll(at: string, selector: unknown): boolean {
  const { matchLabels = {}, matchExpressions = [] } = members(at, selector, SELECTOR_MEMBERS);
  return isJson(matchLabels) && Object.keys(matchLabels).length === 0 && Array.isArray(matchExpressions) && matchExpressions.length === 0;
}

function readRule(at: string, rule: unknown): DenyRule {
  const { toCIDR, toPorts } = members(at, rule, RULE_MEMBERS);
  const ranges = indexed(`${at}.toCIDR`, toCIDR).map(([place, cidr]) => {
    const read = readRange(typeof cidr === "string" ? cidr : JSON.stringify(cidr));
    if ("fault" in read) throw new Fault(`${place}: ${read.fault}`);
    return read.range.text;
  });
  if (toPorts === undefined) return { ranges, ports: [{ protocol: "Any", first: 0, last: PORT_MAX }] };
  const lists = indexed(`${at}.toPorts`, toPorts).map(([place, list]) => [place, members(place, list, PORTS_MEMBERS).ports] as const);
  return {
    ranges,
    ports: lists.flatMap(([place, list]) => indexed(`${place}.ports`, list).flatMap(([one, port]) => readPort(one, port))),
  };
}

function readPort(at: string, value: unknown): DeniedPorts[] {
  const { port, endPort = 0, protocol = "ANY" } = members(at, value, PORT_MEMBERS);
  if (typeof port !== "string" || !/^\d{1,5}$/.test(port) || Number(port) > PORT_MAX)
    throw new Fault(`${at}.port ${JSON.stringify(port)} is no port's number`);
  if (
    typeof endPort !== "number" ||
    !Number.isInteger(endPort) ||
    endPort < 0 ||
    endPort > PORT_MAX ||
    (endPort > 0 && endPort < Number(port))
  )
    throw new Fault(`${at}.endPort ${JSON.stringify(endPort)} does not end a range that begins with ${port}`);
  const protocols = protocol === "ANY" ? WITH_PORTS : WITH_PORTS.filter((known) => known === protocol);
  if (protocols.length === 0) throw new Fault(`${at}.protocol ${JSON.stringify(protocol)} has no ports`);
  // port 0 stands for all of them
  const first = Number(port);
  const last = first === 0 ? PORT_MAX : Math.max(first, endPort);
  return protocols.map((known) => ({ protocol: known, first, last }));
}

/** An object with no other members than these: one that is not known may turn the meaning of the rest round. */
function members(at: string, value: unknown, known: readonly string[]): Json {
  if (!isJson(value)) throw new Fault(`${at} is no object`);
  const foreign = Object.keys(value).find((key) => !known.includes(key));
  if (foreign !== undefined) throw new Fault(`${at}.${foreign} is nothing that this agent can enforce`);
  return value;
}

/** A list's entries with their places. An empty one says nothing, or everything, depending on who reads it. */
function indexed(at: string, value: unknown): (readonly [place: string, entry: unknown])[] {
  if (!Array.isArray(value)) throw new Fault(`${at} is no list`);
  if (value.length === 0 && at !== "specs") throw new Fault(`${at} is empty`);
  return value.map((entry: unknown, index) => [`${at}[${index}]`, entry] as const);
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
