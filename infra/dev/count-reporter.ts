import path from "node:path";
import type { TestEvent } from "node:test/reporters";

/** A test that failed of itself, not by a test inside it: where it stands and what it said, both as long as a reader of a log bears. */
export type TestFailure = { readonly name: string; readonly place: string; readonly said: string };

/** What a run of `node --test` came to. */
export type TestCounts = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly TestFailure[];
};

const SAID_CHARACTERS = 1_500;

type Failed = Extract<TestEvent, { type: "test:fail" }>["data"];

/**
 * Reporter for `node --test` that writes nothing but the counts of the whole run and its failures, as JSON; "todo" counts as skipped, "cancelled" as
 * failed. A test that failed for a test inside it is counted, not told: the inner one says why.
 */
export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: TestFailure[] = [];
  for await (const event of events) {
    if (event.type === "test:fail" && !isEcho(event.data)) failures.push(told(event.data));
    if (event.type === "test:summary" && event.data.file === undefined) {
      const { passed, skipped, todo, tests } = event.data.counts;
      yield JSON.stringify({ passed, failed: tests - passed - skipped - todo, skipped: skipped + todo, failures } satisfies TestCounts);
    }
  }
}

function isEcho({ details, todo, skip }: Failed): boolean {
  const type = (details.error as { failureType?: string }).failureType;
  return type === "subtestsFailed" || Boolean(todo) || Boolean(skip);
}

function told({ name, details, file, line }: Failed): TestFailure {
  const { cause, message } = details.error;
  const said = cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === "string" ? cause : message;
  const at = file === undefined ? "" : `${path.relative(process.cwd(), file)}${line === undefined ? "" : `:${line}`}`;
  return { name, place: at, said: said.slice(0, SAID_CHARACTERS) };
}
