import { writeFileSync } from "node:fs";
import { freePort } from "../../../services/control-plane/src/testing/child-process.ts";
import { openInspector } from "./inspector.ts";
import { closedLoop, type Shot } from "./load.ts";
import { makeShots } from "./requests.ts";
import { withStage } from "./stage.ts";

const CONNECTIONS = 10;
const WARM = 400;
const SHOWN = 25;

type Node = {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
};
type Profile = { readonly nodes: readonly Node[]; readonly samples: readonly number[]; readonly timeDeltas: readonly number[] };

/** Microseconds of each function alone, the most first. */
function ownTimes({ nodes, samples, timeDeltas }: Profile): readonly (readonly [where: string, us: number])[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, number>();
  for (const [n, id] of samples.entries()) {
    const { functionName = "", url = "", lineNumber = 0 } = frames.get(id) ?? {};
    const where = `${functionName || "(anonymous)"} ${url.replace(/^.*\/(?=[^/]+\/[^/]+\/[^/]+$)/, "")}:${lineNumber + 1}`;
    times.set(where, (times.get(where) ?? 0) + (timeDeltas[n] ?? 0));
  }
  return [...times].filter(([where]) => !where.startsWith("(idle)")).toSorted((a, b) => b[1] - a[1]);
}

/** Where the control plane's processor time goes, per request of each kind; the last profile is kept as a file for DevTools. */
export async function profile(say: (line: string) => void, { requests, file }: { requests: number; file: string }): Promise<void> {
  const port = await freePort();
  await withStage(`--inspect=127.0.0.1:${port}`, async (stage) => {
    const { getCluster, putTags, mixed } = await makeShots(stage);
    const inspector = await openInspector(port);
    const agent = stage.agent(CONNECTIONS);
    await inspector.call("Profiler.enable");
    const run = (next: (n: number) => Shot, count: number): Promise<number> =>
      closedLoop(agent, stage.installation.base, { connections: CONNECTIONS, next, isOver: (n) => n >= count });
    for (const [name, next] of Object.entries({ getCluster, putTags, mixed })) {
      await run(next, WARM);
      await inspector.call("Profiler.start");
      const perSecond = await run(next, requests);
      const { profile: found } = (await inspector.call("Profiler.stop")) as { profile: Profile };
      writeFileSync(file, JSON.stringify(found));
      const times = ownTimes(found);
      const total = times.reduce((sum, [, us]) => sum + us, 0);
      say(`${name}: ${(total / requests).toFixed(0)} µs of processor time a request, ${perSecond.toFixed(0)} a second`);
      for (const [where, us] of times.slice(0, SHOWN)) say(`${(us / requests).toFixed(1).padStart(8)} µs  ${where}`);
    }
    inspector.close();
  });
}
