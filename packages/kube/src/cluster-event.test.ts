import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventObject } from "@hostrouting/events";
import { writeEvent } from "./cluster-event.ts";

const kind = { type: "Warning", action: "Look", impact: "i.", remedy: "r." } as const;
const event = (count: number) =>
  eventObject(kind, {
    reason: "PolicyDrifted",
    regarding: { apiVersion: "cilium.io/v2", kind: "CiliumClusterwideNetworkPolicy", name: "p" },
    note: "n.",
    name: "p.1.2",
    count,
    at: Date.parse("2026-11-28T08:00:00Z"),
    reporter: { controller: "hostrouting.acns.azure.com/worker", instance: "w" },
  });
const EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events";
const series = { count: 3, lastObservedTime: "2026-11-28T08:00:00.000000Z" };

describe("writing an Event", () => {
  const cases: [what: string, count: number, status: number, calls: unknown[], code?: string][] = [
    ["makes it", 1, 201, [["POST", EVENTS, event(1)]]],
    ["makes it with its series", 3, 201, [["POST", EVENTS, event(3)]]],
    ["that is there already changes nothing when it happened once", 1, 409, [["POST", EVENTS, event(1)]]],
    [
      "that is there already shows the series",
      3,
      409,
      [
        ["POST", EVENTS, event(3)],
        ["PATCH", `${EVENTS}/p.1.2`, { series }],
      ],
    ],
    ["without the right says so", 1, 403, [["POST", EVENTS, event(1)]], "kube.forbidden"],
    ["that the server does not take says so", 1, 422, [["POST", EVENTS, event(1)]], "kube.refused"],
  ];
  for (const [what, count, status, expected, code] of cases)
    it(what, async () => {
      const calls: unknown[] = [];
      const client = {
        send: async ({ method, path, body }: { method: string; path: string; body?: unknown }) => {
          calls.push([method, path, body]);
          return { status, body: {} };
        },
        call: async ({ method, path, body }: { method: string; path: string; body?: unknown }) => void calls.push([method, path, body]),
      };
      const written = writeEvent(client, event(count));
      await (code === undefined ? written : assert.rejects(written, { code }));
      assert.deepEqual(calls, expected);
    });
});
