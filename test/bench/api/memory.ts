import { readFileSync } from "node:fs";
import { freePort } from "../../../services/control-plane/src/testing/child-process.ts";
import { openInspector, type Inspector } from "./inspector.ts";
import { closedLoop } from "./load.ts";
import { makeShots } from "./requests.ts";
import { withStage } from "./stage.ts";

const CONNECTIONS = 10;
/** Everything is loaded, compiled and pooled by then. */
const FIRST = 10_000;
const LAST = 100_000;
/** 90,000 requests that each left 50 bytes would be found. */
const HEAP_GROWTH_MAX = 4.5e6;
/** What the engine keeps of pages it has used once is its own affair; a leak outside of the heap would go on. */
const RSS_GROWTH_MAX = 64e6;
const MB = 1e6;

/** In bytes, after everything that can be collected is. */
type Held = { readonly heap: number; readonly rss: number };

async function held(inspector: Inspector, pid: number): Promise<Held> {
  // Twice: what the first frees may have kept other things.
  for (const _ of [1, 2]) await inspector.call("HeapProfiler.collectGarbage");
  const { usedSize } = (await inspector.call("Runtime.getHeapUsage")) as { usedSize: number };
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return { heap: usedSize, rss: 1024 * Number(kib) };
}

/** What the control plane holds after 10,000 and after 100,000 requests of the mix. @returns whether that is flat. */
export async function measureMemory(say: (line: string) => void): Promise<boolean> {
  const port = await freePort();
  return withStage(`--inspect=127.0.0.1:${port}`, async (stage) => {
    const { mixed } = await makeShots(stage);
    const inspector = await openInspector(port);
    const agent = stage.agent(CONNECTIONS);
    const run = async (from: number, to: number): Promise<Held> => {
      const load = { connections: CONNECTIONS, next: (n: number) => mixed(from + n), isOver: (n: number) => from + n >= to };
      const perSecond = await closedLoop(agent, stage.installation.base, load);
      const now = await held(inspector, stage.installation.controlPlane.pid);
      say(
        `after ${to} requests  heap ${(now.heap / MB).toFixed(1)} MB, RSS ${(now.rss / MB).toFixed(1)} MB   (${perSecond.toFixed(0)} a second)`,
      );
      return now;
    };
    const first = await run(0, FIRST);
    await run(FIRST, LAST / 2);
    const last = await run(LAST / 2, LAST);
    inspector.close();
    const [heap, rss] = [last.heap - first.heap, last.rss - first.rss];
    const isFlat = heap <= HEAP_GROWTH_MAX && rss <= RSS_GROWTH_MAX;
    say(
      `grown by  heap ${(heap / MB).toFixed(1)} MB (≤ ${HEAP_GROWTH_MAX / MB}), RSS ${(rss / MB).toFixed(1)} MB (≤ ${RSS_GROWTH_MAX / MB})   ${isFlat ? "ok" : "MISSED"}`,
    );
    return isFlat;
  });
}
