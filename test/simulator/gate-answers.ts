import type { OperationId } from "@hostrouting/domain";
import type { AskWebhook, WebhookAnswer } from "../../services/rollout-worker/src/webhook/ask-webhook.ts";
import type { Process } from "./scheduler.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const LATENCY_MIN_MS = 20;
/** Longer than a webhook is waited for. */
const LATENCY_MAX_MS = 7_000;

/** What was answered to gates, by people and by the webhook of all clusters, which is as moody as the faults are on. */
export class GateAnswers {
  readonly #world: SimulatedWorld;
  readonly #opened = new Set<string>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  /** Somebody, or the webhook, let an operation pass a gate. */
  yes(operationId: string, gate: string): void {
    this.#opened.add(`${operationId} ${gate}`);
  }

  /** Whether anybody ever did. */
  isOpened(operationId: OperationId, gate: string): boolean {
    return this.#opened.has(`${operationId} ${gate}`);
  }

  /** As a worker asks. */
  askWebhook(process: Process, { timeoutMs }: Parameters<AskWebhook>[0], question: Parameters<AskWebhook>[1]): Promise<WebhookAnswer> {
    const { scheduler, random } = this.#world;
    const ms = random.between(LATENCY_MIN_MS, LATENCY_MAX_MS);
    return new Promise((resolve) => {
      const run = (): void => {
        const answer: WebhookAnswer = ms < timeoutMs ? this.#answer() : { verdict: "NoAnswer", reason: "It took too long." };
        if (answer.verdict === "Continue") this.yes(question.operationId, question.gate);
        resolve(answer);
      };
      scheduler.after(Math.min(ms, timeoutMs), `${process.name} hears of its webhook`, { owner: process, run });
    });
  }

  #answer(): WebhookAnswer {
    const { random, faults } = this.#world;
    if (!faults.areOn) return { verdict: "Continue", reason: "" };
    return random.pick<WebhookAnswer>([
      { verdict: "Continue", reason: "" },
      { verdict: "Continue", reason: "all is well" },
      { verdict: "Wait", reason: "not yet" },
      { verdict: "NoAnswer", reason: "It answered 500." },
      { verdict: random.chance(0.3) ? "Reject" : "Wait", reason: "" },
    ]);
  }
}
