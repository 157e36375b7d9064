import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import type { ApiCall, ApiClient } from "./api-client.ts";
import { watchCollection } from "./api-watch.ts";

/** A client whose streams the test feeds; each watch that is opened is one entry. */
function fakeClient(): { client: ApiClient; opened: { readonly call: ApiCall; readonly answer: PassThrough & { statusCode: number } }[] } {
  const opened: { call: ApiCall; answer: PassThrough & { statusCode: number } }[] = [];
  const client: ApiClient = {
    send: () => Promise.reject(new Error("not used")),
    call: () => Promise.reject(new Error("not used")),
    stream(call, onAnswer) {
      const answer = Object.assign(new PassThrough(), { statusCode: 200 });
      opened.push({ call, answer });
      // A fake answer has what the watch reads of a real one: a status and a stream.
      onAnswer(answer as unknown as IncomingMessage);
      return { close: () => void answer.destroy() };
    },
    close: () => {},
  };
  return { client, opened };
}

const line = (type: string, resourceVersion: string): string => `${JSON.stringify({ type, object: { metadata: { resourceVersion } } })}\n`;
/** Streams hand data on in a later turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a watch calls back on changes, not on bookmarks, goes on from the last version and begins anew after an expired one", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, opened } = fakeClient();
  let changes = 0;
  const watch = watchCollection(client, { path: "/api/v1/nodes" }, () => (changes += 1));
  const [first] = opened;
  assert.equal(first?.call.query?.["resourceVersion"], undefined);
  const event = line("MODIFIED", "7");
  first?.answer.write(event.slice(0, 10));
  first?.answer.write(event.slice(10) + line("BOOKMARK", "9"));
  await turn();
  assert.equal(changes, 1);
  first?.answer.end();
  await turn();
  context.mock.timers.tick(10_000);
  assert.equal(opened[1]?.call.query?.["resourceVersion"], "9");
  opened[1]?.answer.write(`${JSON.stringify({ type: "ERROR", object: { code: 410 } })}\n`);
  await turn();
  context.mock.timers.tick(10_000);
  assert.equal(opened[2]?.call.query?.["resourceVersion"], undefined);
  watch.close();
  context.mock.timers.tick(600_000);
  assert.equal(opened.length, 3);
});

test("a watch that falls silent is opened again, and closing ends it for good", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, opened } = fakeClient();
  const watch = watchCollection(client, { path: "/api/v1/nodes" }, () => {});
  context.mock.timers.tick(330_000);
  context.mock.timers.tick(10_000);
  assert.equal(opened.length, 2);
  watch.close();
  context.mock.timers.tick(700_000);
  assert.equal(opened.length, 2);
});
