/**
 * Asks the webhook of the gate that holds an operation, beside the rounds: an answer may take longer than a node can wait for its next step. What
 * it says is kept in the operation as people's answers are, over the version that is there by then, and only while the same gate still holds it.
 * At most one question of a cluster is under way; a worker that ends asks no more, and the next holder asks again.
 */
import type { ClusterId, Instant, Operation, OperationControl, RolloutPolicy, WebhookGate } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import type { Store } from "@hostrouting/store";
import type { AskWebhook, WebhookAnswer, WebhookQuestion } from "./ask-webhook.ts";

/** What is remembered of the last question; losing it costs one question more. `askedAt` is the database's time. */
export type WebhookMemory = { asking: AbortController | undefined; gate: string | undefined; askedAt: Instant | undefined };

/** Nothing was asked yet. */
export const nothingAsked = (): WebhookMemory => ({ asking: undefined, gate: undefined, askedAt: undefined });

/** What is needed to ask and to keep the answer. `isHeld`: the cluster is still this worker's. */
export type GateAsking = {
  readonly ask: AskWebhook;
  readonly store: Pick<Store, "clusters">;
  readonly logger: Logger;
  readonly memory: WebhookMemory;
};

/** Who answered, where people have an object id. */
const BY = "webhook";

function hookOf({ control, phase }: Operation, { gates }: RolloutPolicy): WebhookGate | undefined {
  const { pending } = control;
  const isWorking = phase === "Validating" || phase === "Rolling" || phase === "Finishing";
  if (!isWorking || pending?.kind !== "Webhook") return undefined;
  return gates.find((gate): gate is WebhookGate => gate.kind === "Webhook" && gate.id === pending.gate.split("/")[0]);
}

function questionOf(clusterId: ClusterId, operation: Operation, hook: WebhookGate): WebhookQuestion {
  const gate = operation.control.pending?.gate ?? hook.id;
  const batch = /\/batch-(\d+)$/.exec(gate)?.[1];
  return { clusterId, operationId: operation.id, gate, at: hook.at, ...(batch !== undefined && { batch: Number(batch) }) };
}

/** The operation's control with an answer, or nothing when it says nothing new. Pure. */
export function withAnswer(control: OperationControl, gate: string, answer: WebhookAnswer): OperationControl | undefined {
  const { approvals = [], pending, rejection, webhook } = control;
  if (pending?.gate !== gate || rejection !== undefined || approvals.some((given) => given.gate === gate)) return undefined;
  const given = { gate, by: BY, comment: answer.reason };
  if (answer.verdict === "Continue") return { ...control, approvals: [...approvals, given] };
  if (answer.verdict === "Reject") return { ...control, rejection: given };
  const said = answer.reason === "" ? "It says: Wait." : answer.verdict === "Wait" ? `It says: ${answer.reason}` : answer.reason;
  return webhook?.gate === gate && webhook.said === said ? undefined : { ...control, webhook: { gate, said } };
}

function keep({ store }: GateAsking, clusterId: ClusterId, given: { question: WebhookQuestion; answer: WebhookAnswer }): Promise<void> {
  const { operationId, gate } = given.question;
  const { answer } = given;
  return store.clusters.change(clusterId, (locked) => {
    const active = locked?.active;
    const control = active?.id === operationId ? withAnswer(active.control, gate, answer) : undefined;
    if (active === undefined || control === undefined) return { result: undefined };
    const history = [{ kind: "WebhookAnswered", data: { operationId, gate, verdict: answer.verdict, reason: answer.reason } }];
    return { change: { control: { operationId: active.id, control }, history }, result: undefined };
  });
}

/**
 * Begins to ask, when a webhook's gate holds the operation and it is time. Returns at once; an answer makes the cluster due.
 * @param now the database's time.
 */
export function askGate(
  asking: GateAsking,
  operation: Operation,
  given: { policy: RolloutPolicy; now: Instant },
): Promise<void> | undefined {
  const { memory, logger } = asking;
  const hook = hookOf(operation, given.policy);
  if (hook === undefined || memory.asking !== undefined) return undefined;
  const question = questionOf(operation.clusterId, operation, hook);
  const isAgain = memory.gate === `${question.operationId} ${question.gate}`;
  if (isAgain && memory.askedAt !== undefined && given.now - memory.askedAt < hook.intervalSeconds * 1_000) return undefined;
  const stop = new AbortController();
  memory.asking = stop;
  memory.gate = `${question.operationId} ${question.gate}`;
  memory.askedAt = given.now;
  return asking
    .ask({ url: hook.url, timeoutMs: hook.timeoutSeconds * 1_000, signal: stop.signal }, question)
    .then((answer) => (stop.signal.aborted ? undefined : keep(asking, operation.clusterId, { question, answer })))
    .catch((error: unknown) => logger.warn({ err: error, gate: question.gate }, "the answer of a webhook was not kept, it is asked again"))
    .finally(() => (memory.asking = undefined));
}
