import type { TestEvent } from "node:test/reporters";

/** What a run of `node --test` came to. */
export type TestCounts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** Reporter for `node --test` that writes nothing but the counts of the whole run, as JSON; "todo" counts as skipped, "cancelled" as failed. */
export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events)
    if (event.type === "test:summary" && event.data.file === undefined) {
      const { passed, skipped, todo, tests } = event.data.counts;
      yield JSON.stringify({ passed, failed: tests - passed - skipped - todo, skipped: skipped + todo } satisfies TestCounts);
    }
}
