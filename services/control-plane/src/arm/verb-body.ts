import type { NodeRequest } from "@hostrouting/domain";
import type { Answer } from "../enablement/decide-answer.ts";
import type { Acknowledgement } from "../enablement/decide-acknowledgement.ts";
import { isJsonObject } from "../enablement/json-object.ts";
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

/**
 * An answer to a gate: `gate` as the wait names it, and a comment.
 * @throws ArmError 400, all faults at once.
 */
export function parseAnswer(verb: Answer["verb"], body: unknown): Answer {
  if (!isJsonObject(body)) throw new ArmError(400, { code: "InvalidRequestContent", message: "The body must be a JSON object." });
  const { gate, comment } = body as { gate?: unknown; comment?: unknown };
  const [first, ...others] = [...textFault(gate, "gate", GATE_MAX), ...textFault(comment, "comment", REASON_MAX)];
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...others]));
  return { verb, gate: gate as string, comment: comment as string };
}

/**
 * How many connections somebody accepts may break.
 * @throws ArmError 400
 */
export function parseAcknowledgement(body: unknown): Acknowledgement {
  if (!isJsonObject(body)) throw new ArmError(400, { code: "InvalidRequestContent", message: "The body must be a JSON object." });
  const { connections } = body as { connections?: unknown };
  if (typeof connections === "number" && Number.isSafeInteger(connections) && connections >= 0) return { verb: "acknowledge", connections };
  throw new ArmError(400, invalid("connections", "connections must be a whole number from 0 on: the one that was seen."));
}

/**
 * What a request asks of nodes: `retry` may name one in its body, `skip` must, with a reason.
 * @param by object id of whoever asks.
 * @throws ArmError 400, all faults at once.
 */
export function parseNodeRequest(verb: "retry" | "skip", body: unknown, by: string): NodeRequest {
  if (body !== undefined && body !== null && !isJsonObject(body))
    throw new ArmError(400, { code: "InvalidRequestContent", message: "The body must be a JSON object." });
  const { node, reason } = (body ?? {}) as { node?: unknown; reason?: unknown };
  const isAll = verb === "retry" && (node === undefined || node === null);
  const [first, ...others] = [
    ...(isAll ? [] : textFault(node, "node", NODE_NAME_MAX)),
    ...(verb === "skip" ? textFault(reason, "reason", REASON_MAX) : []),
  ];
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...others]));
  return verb === "retry"
    ? { kind: "Retry", node: isAll ? undefined : (node as string) }
    : { kind: "Skip", node: node as string, reason: reason as string, by };
}
