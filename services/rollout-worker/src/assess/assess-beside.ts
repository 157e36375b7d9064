/**
 * Answers what was asked of a cluster without changing it, beside the rounds: a large cluster takes seconds, and nodes need not wait for that. Questions
 * stand in the store until they are answered, so that a worker that ends loses none; each is answered once, whoever answers first.
 */
import { setImmediate } from "node:timers/promises";
import { ASSESSMENT_UNREACHABLE_MAX_MS, explain, type AssessmentAnswer } from "@hostrouting/domain";
import type { Reach } from "@hostrouting/rollout";
import type { Logger } from "@hostrouting/runtime";
import type { OpenAssessment, Store } from "@hostrouting/store";
import { answerQuestion, type AssessedCluster } from "./answer-question.ts";

/** What is under way; losing it costs the work that was done. */
export type AssessmentMemory = { running: Promise<void> | undefined; stopped: boolean };

/** Nothing was begun yet. */
export const nothingAssessed = (): AssessmentMemory => ({ running: undefined, stopped: false });

/** What answering needs. */
export type Assessing = {
  readonly store: Pick<Store, "assessments">;
  readonly logger: Logger;
  readonly memory: AssessmentMemory;
};

/** A cluster that is asked about, or why nobody could look. */
export type AssessedLook = { readonly kind: "Seen"; readonly seen: AssessedCluster } | Extract<Reach, { kind: "Unreachable" }>;

async function answerTo(assessing: Assessing, question: OpenAssessment, seen: AssessedCluster): Promise<AssessmentAnswer> {
  try {
    return { state: "Succeeded", report: await answerQuestion(seen, question, setImmediate) };
  } catch (error) {
    assessing.logger.warn({ err: error, assessment: question.id }, "a question could not be answered");
    const message = `The cluster could not be assessed: ${explain(error)}. Send the request again; if it lasts, look at the worker's log.`;
    return { state: "Failed", error: { code: "AssessmentFailed", message } };
  }
}

async function answerAll(assessing: Assessing, questions: readonly OpenAssessment[], seen: AssessedCluster): Promise<void> {
  for (const question of questions) {
    const answer = await answerTo(assessing, question, seen);
    // Whatever a worker that ends has met comes of its ending; the next one answers.
    if (assessing.memory.stopped) return;
    await assessing.store.assessments.answer(question.id, answer);
  }
}

/** Somebody else holds the cluster and answers; what does not answer is asked again for a while. */
async function answerUnseen({ store }: Assessing, questions: readonly OpenAssessment[], look: Exclude<AssessedLook, { kind: "Seen" }>) {
  if (look.reason === "LeaseHeldElsewhere") return;
  const message = `The cluster could not be looked at: ${look.message} Check that its API server runs and can be reached from the worker, and send the request again.`;
  for (const { id } of questions.filter(({ ageMs }) => ageMs >= ASSESSMENT_UNREACHABLE_MAX_MS))
    await store.assessments.answer(id, { state: "Failed", error: { code: "ClusterUnreachable", message } });
}

/** Begins to answer, unless that goes on already. Returns at once; whoever wants to see the end waits for `memory.running`. */
export function assessBeside(assessing: Assessing, questions: readonly OpenAssessment[], look: AssessedLook): void {
  const { memory, logger } = assessing;
  if (questions.length === 0 || memory.running !== undefined) return;
  const work = look.kind === "Seen" ? answerAll(assessing, questions, look.seen) : answerUnseen(assessing, questions, look);
  memory.running = work
    .catch((error: unknown) => logger.warn({ err: error }, "an answer was not kept, the question is answered again"))
    .finally(() => (memory.running = undefined));
}
