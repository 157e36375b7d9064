import type { NodeRequest } from "@hostrouting/domain";
import type { Answer } from "../enablement/decide-answer.ts";
import type { Acknowledgement } from "../enablement/decide-acknowledgement.ts";
import { isJsonObject, type JsonObject } from "../enablement/json-object.ts";
import { ArmError, manyFaults, type ArmFault } from "./arm-error.ts";

/** As long as Kubernetes lets names of nodes be (RFC 1123 subdomain). */
const NODE_NAME_MAX = 253;
const REASON_MAX = 512;
/** A gate's name and `/batch-` with a number. */
const GATE_MAX = 80;

const invalid = (target: string, message: string): ArmFault => ({ code: "InvalidParameter", message, target });

function textFault(value: unknown, target: string, max: number): readonly ArmFault[] {
  const isFine = typeof value === "string" && value.trim() !== "" && value.length <= max;
  return isFine ? [] : [invalid(target, `${target} must be text of 1 to ${max} characters.`)];
}

const notAnObject = (): ArmError => new ArmError(400, { code: "InvalidRequestContent", message: "The body must be a JSON object." });

/** A fault for every member that the verb does not take. */
function unknownFaults(body: JsonObject, members: readonly string[]): readonly ArmFault[] {
  const may = members.length === 0 ? "it takes none" : `there ${members.length === 1 ? "is" : "are"} ${members.join(" and ")}`;
  return Object.keys(body)
    .filter((name) => !members.includes(name))
    .map((name) => invalid(name, `There is no member '${name}' in this request; ${may}.`));
}

function throwAll([first, ...others]: readonly ArmFault[]): void {
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...others]));
}

/**
 * The body of a verb that needs none: nothing, `null` and `{}` are the same, for clients differ in what they send then.
 * @throws ArmError 400 for any other.
 */
export function parseNothing(body: unknown): void {
  if (body === undefined || body === null) return;
  if (!isJsonObject(body)) throw notAnObject();
  throwAll(unknownFaults(body, []));
}

/**
 * An answer to a gate: `gate` as the wait names it, and a comment.
 * @throws ArmError 400, all faults at once.
 */
export function parseAnswer(verb: Answer["verb"], body: unknown): Answer {
  if (!isJsonObject(body)) throw notAnObject();
  const { gate, comment } = body as { gate?: unknown; comment?: unknown };
  throwAll([
    ...textFault(gate, "gate", GATE_MAX),
    ...textFault(comment, "comment", REASON_MAX),
    ...unknownFaults(body, ["gate", "comment"]),
  ]);
  return { verb, gate: gate as string, comment: comment as string };
}

/**
 * How many connections somebody accepts may break.
 * @throws ArmError 400
 */
export function parseAcknowledgement(body: unknown): Acknowledgement {
  if (!isJsonObject(body)) throw notAnObject();
  const { connections } = body as { connections?: unknown };
  const isCount = typeof connections === "number" && Number.isSafeInteger(connections) && connections >= 0;
  throwAll([
    ...(isCount ? [] : [invalid("connections", "connections must be a whole number from 0 on: the one that was seen.")]),
    ...unknownFaults(body, ["connections"]),
  ]);
  return { verb: "acknowledge", connections: connections as number };
}

/**
 * What a request asks of nodes: `retry` may name one in its body, `skip` must, with a reason.
 * @param by object id of whoever asks.
 * @throws ArmError 400, all faults at once.
 */
export function parseNodeRequest(verb: "retry" | "skip", body: unknown, by: string): NodeRequest {
  const given = body ?? {};
  if (!isJsonObject(given)) throw notAnObject();
  const { node, reason } = given as { node?: unknown; reason?: unknown };
  const isAll = verb === "retry" && (node === undefined || node === null);
  throwAll([
    ...(isAll ? [] : textFault(node, "node", NODE_NAME_MAX)),
    ...(verb === "skip" ? textFault(reason, "reason", REASON_MAX) : []),
    ...unknownFaults(given, verb === "skip" ? ["node", "reason"] : ["node"]),
  ]);
  return verb === "retry"
    ? { kind: "Retry", node: isAll ? undefined : (node as string) }
    : { kind: "Skip", node: node as string, reason: reason as string, by };
}
