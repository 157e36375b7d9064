import type { Logger } from "@hostrouting/runtime";
import type { ClusterApi } from "./cluster-api.ts";
import { watchCollection } from "./watched-collection.ts";

/** A custom resource as far as the agent reads it. */
export type Resource<Spec> = { metadata: { name: string; uid: string; resourceVersion: string }; spec: Spec };

/** Follows one cluster-scoped object. `current()`: undefined = not known yet, null = there is none. */
export type WatchedObject<Spec> = { current(): Resource<Spec> | null | undefined; stop(): Promise<void> };

/** Starts to follow `collection`/`name`; `onChange` comes after every difference. Faults are logged and tried again. */
export function watchObject<Spec>(options: {
  api: ClusterApi;
  collection: string;
  name: string;
  logger: Logger;
  onChange: () => void;
}): WatchedObject<Spec> {
  const { name, ...rest } = options;
  const selector = `fieldSelector=metadata.name%3D${encodeURIComponent(name)}`;
  const read = (object: unknown): Resource<Spec> => object as Resource<Spec>;
  const watched = watchCollection<Resource<Spec>>({ ...rest, selector, read });
  return {
    current: () => {
      const items = watched.items();
      return items && (items[0] ?? null);
    },
    stop: () => watched.stop(),
  };
}
