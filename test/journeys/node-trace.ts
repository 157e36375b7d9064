import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { FlowTrace } from "@hostrouting/domain";
import type { Target } from "../../infra/lab/demo/traffic-contract.ts";
import { journeyWhileOn } from "./journey.ts";
import type { Stage } from "./stage.ts";
import { withTraffic } from "./traffic.ts";

const run = promisify(execFile);
const CLI = path.resolve(import.meta.dirname, "../../services/cli/src/main.ts");
const TIMEOUT_MS = 30_000;
const SOURCE_PORT = 40_000;
/** A port that no journey's traffic goes to: conntrack may know any other flow of this cluster. */
const DISCARD_PORT = 9;

/** What becomes of a connection's first packet on the client's node. */
const EXPECTED: Readonly<Record<Target["path"], readonly string[]>> = {
  "pod-same": ["FastLocal"],
  // the neighbour may not have been spoken to lately
  "pod-other": ["FastRemote", "FastRemoteNeigh"],
  service: ["StackClass"],
  outside: ["FastMasquerade"],
};

/** The command that says which path a flow takes, as its user types it: the CLI, the API server's exec, the agent's image, the kernel. */
export function nodeTrace(stage: Stage): void {
  journeyWhileOn(stage, "a trace says which path flows take from a node: pods, the Service and the outside, both families", async () => {
    await withTraffic(stage, async ([client]) => {
      assert.ok(client);
      const { status } = await stage.cluster.get(`pods/${client.pod}`, "-n", "demo");
      const own = (status?.podIPs ?? []).map(({ ip }) => ip);
      for (const family of ["v4", "v6"] as const) {
        const source = own.find((ip) => ip.includes(":") === (family === "v6"));
        assert.ok(source, `${client.pod} has an address of ${family}`);
        for (const target of [...client.targets, ...client.outside].filter((one) => one.family === family)) {
          const { mode, directions } = await trace(stage, client.node, [at(source, SOURCE_PORT), at(target.ip, DISCARD_PORT)]);
          assert.equal(mode, "On");
          const [there] = directions;
          assert.ok(there && "reason" in there, `${target.path} ${target.ip} is seen on the node`);
          assert.ok(EXPECTED[target.path].includes(there.reason), `${target.path} ${target.ip}: ${JSON.stringify(there)}`);
          assert.equal(there.sourceCheck, "Own");
        }
      }
    });
  });
}

async function trace(stage: Stage, node: string, ends: readonly string[]): Promise<FlowTrace> {
  const args = ["node", "trace", "--node", node, "--kubeconfig", stage.ready.kubeconfig, "--opening", "-o", "json", "tcp", ...ends];
  const { stdout } = await run(process.execPath, ["--disable-warning=ExperimentalWarning", CLI, ...args], { timeout: TIMEOUT_MS });
  return JSON.parse(stdout) as FlowTrace;
}

function at(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
