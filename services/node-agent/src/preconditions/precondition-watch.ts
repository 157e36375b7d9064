import { explain } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import { judgePreconditions, type NodeReadings, type Precondition } from "./judge-preconditions.ts";
import { judgeSurroundings, type SurroundingReadings } from "./judge-surroundings.ts";
import { readEntries, readNodeState } from "./read-node-state.ts";
import { readSurroundings } from "./read-surroundings.ts";

/** Follows what must hold of this node. `current` is undefined until the first look has ended. */
export type PreconditionWatch = { current(): readonly Precondition[] | undefined; stop(): Promise<void> };

/** What one look reads. */
export type NodeLook = { state: NodeReadings; around: SurroundingReadings };

/** `onChange` is called after every look that found something else. `read` is the node's own word. */
export type PreconditionWatchOptions = { logger: Logger; onChange: () => void; read?: () => Promise<NodeLook> };

/** Rules of a policy engine that is being installed are found within a minute; a look costs six short processes. */
const LOOK_MS = 60_000;

/** Looks at once and then every minute, one look at a time. */
export function watchPreconditions({ logger, onChange, read = lookAtNode }: PreconditionWatchOptions): PreconditionWatch {
  let current: readonly Precondition[] | undefined;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const { state, around } = await read();
    const found = [...judgePreconditions(state), ...judgeSurroundings(around)];
    if (JSON.stringify(found) === JSON.stringify(current)) return;
    current = found;
    for (const { name, outcome, message } of found)
      if (outcome !== "Passed") logger.warn({ name, outcome, message }, "precondition of host routing");
    onChange();
  };
  const start = (): void => {
    looking ??= look()
      .catch((error: unknown) => logger.warn({ cause: explain(error) }, "preconditions of this node cannot be read"))
      .finally(() => (looking = undefined));
  };
  const timer = setInterval(start, LOOK_MS);
  start();
  return {
    current: () => current,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Conntrack's flows are read once for both. */
async function lookAtNode(): Promise<NodeLook> {
  const entries = readEntries();
  return { state: await readNodeState(entries), around: readSurroundings(entries) };
}
