import type { Stage } from "./stage.ts";

/** A Kubernetes Event, as far as journeys read it. */
export type ClusterEvent = {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  /** What happened (`note` of events.k8s.io/v1). */
  readonly message: string;
  /** How often, by the Event's own count; 1 when it has none. */
  readonly count: number;
};

type EventObject = {
  readonly type: ClusterEvent["type"];
  readonly reason: string;
  readonly note?: string;
  readonly deprecatedCount?: number;
  readonly series?: { readonly count: number };
};

/** The Events about one object, of every namespace, oldest first. */
export async function readEvents(stage: Stage, about: { kind: "Node" | "Pod"; name: string }): Promise<readonly ClusterEvent[]> {
  const selector = `regarding.kind=${about.kind},regarding.name=${about.name}`;
  const args = ["get", "events.events.k8s.io", "--all-namespaces", `--field-selector=${selector}`, "-o", "json"];
  const list = JSON.parse(await stage.cluster.kubectl(...args, "--sort-by=.metadata.creationTimestamp")) as { items: EventObject[] };
  return list.items.map(({ type, reason, note, deprecatedCount, series }) => ({
    type,
    reason,
    message: note ?? "",
    count: series?.count ?? deprecatedCount ?? 1,
  }));
}
