import type { EventObject } from "@hostrouting/events";
import { failureOf, type ApiCall, type ApiClient } from "./api-client.ts";

/** Makes an Event, or lets the one of its name show the series: Kubernetes lets nothing else of an Event be changed. */
export async function writeEvent(client: Pick<ApiClient, "send" | "call">, event: EventObject): Promise<void> {
  const path = `/apis/events.k8s.io/v1/namespaces/${event.metadata.namespace}/events`;
  const create: ApiCall = { method: "POST", path, body: event };
  const answer = await client.send(create);
  if (answer.status >= 200 && answer.status < 300) return;
  if (answer.status !== 409) throw failureOf(create, answer);
  if (event.series === undefined) return;
  const body = { series: event.series };
  await client.call({ method: "PATCH", path: `${path}/${event.metadata.name}`, body, contentType: "application/merge-patch+json" });
}
