import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import type { ApiCall, ApiClient } from "./api-client.ts";
import { openWatch } from "./api-watch.ts";
import { ManualTimers, settled } from "./testing/manual-timers.ts";

/** Opens a watch on a stream that the test feeds, and notes what it says. */
function openedWatch(statusCode = 200) {
  const timers = new ManualTimers();
  const said: string[] = [];
  const calls: ApiCall[] = [];
  const answer = Object.assign(new PassThrough(), { statusCode });
  const client: Pick<ApiClient, "stream"> = {
    stream(call, onAnswer) {
      calls.push(call);
      // A fake answer has what the watch reads of a real one: a status and a stream.
      onAnswer(answer as unknown as IncomingMessage);
      return { close: () => void answer.destroy() };
    },
  };
  const watch = openWatch(
    { client, timers },
    { collection: { path: "/api/v1/nodes" }, resourceVersion: "5" },
    {
      onOpen: () => said.push("open"),
      onEvent: ({ type, object }) => said.push(`${type} ${object.metadata?.resourceVersion}`),
      onEnd: (end) => said.push(end),
    },
  );
  return { timers, said, calls, answer, watch };
}

const line = (type: string, resourceVersion: string): string => `${JSON.stringify({ type, object: { metadata: { resourceVersion } } })}\n`;

test("a watch asks for what came after a version, and tells events and bookmarks however they are cut", async () => {
  const { said, calls, answer } = openedWatch();
  assert.deepEqual(
    [calls[0]?.query?.["resourceVersion"], calls[0]?.query?.["watch"], calls[0]?.query?.["allowWatchBookmarks"]],
    ["5", "1", "true"],
  );
  const event = line("MODIFIED", "7");
  answer.write(event.slice(0, 10));
  answer.write(event.slice(10) + line("BOOKMARK", "9"));
  answer.end();
  await settled();
  assert.deepEqual(said, ["open", "MODIFIED 7", "BOOKMARK 9", "Ended"]);
});

const lines = [
  ["an expired version", `${JSON.stringify({ type: "ERROR", object: { code: 410 } })}\n`],
  ["a line that is no event", "<html>\n"],
  ["an event without an object", `${JSON.stringify({ type: "ADDED" })}\n`],
] as const;
for (const [what, text] of lines)
  test(`${what} ends a watch as expired, and nothing is told after it`, async () => {
    const { said, answer } = openedWatch();
    answer.write(text + line("ADDED", "8"));
    await settled();
    assert.deepEqual(said, ["open", "Expired"]);
  });

const statuses = [
  [410, "Expired"],
  [403, "Expired"],
  [404, "Expired"],
  [429, "Failed"],
  [503, "Failed"],
] as const;
for (const [status, end] of statuses)
  test(`status ${status} ends a watch: ${end}`, () => {
    assert.deepEqual(openedWatch(status).said, [end]);
  });

test("a watch that falls silent has failed, one that hears bookmarks goes on, and a closed one says nothing more", async () => {
  const { timers, said, answer } = openedWatch();
  await timers.pass(89_000);
  answer.write(line("BOOKMARK", "6"));
  await timers.pass(89_000);
  assert.deepEqual(said, ["open", "BOOKMARK 6"]);
  await timers.pass(1_000);
  assert.deepEqual(said, ["open", "BOOKMARK 6", "Failed"]);
  const other = openedWatch();
  other.watch.close();
  other.answer.end(line("ADDED", "6"));
  await other.timers.pass(600_000);
  assert.deepEqual(other.said, ["open"]);
});
