import assert from "node:assert/strict";
import { disable, expectDisabled, expectEnabled } from "../journeys/expectations.ts";
import { journeyWhileOn } from "../journeys/journey.ts";
import { labMachines } from "../journeys/lab-nodes.ts";
import type { Stage } from "../journeys/stage.ts";
import { withPrivilegedPod, type PrivilegedPod } from "../journeys/privileged-pod.ts";

/** tcx exists since 6.6. */
const HOOKS = { "6.1": "clsact", "6.12": "tcx" } as const;

const PROGRAMS = ["from_net", "from_pod", "to_net"];

/** Host routing on a kernel of its own. */
export function switchedOn(stage: Stage): void {
  journeyWhileOn(stage, "host routing is on on a virtual machine as on any node, and its kernel shows it", async () => {
    await expectEnabled(stage);
    for (const machine of labMachines(stage.stateDir)) {
      const { status } = await stage.cluster.get(`hostroutingnode/${machine.name}`);
      assert.equal(status?.effectiveMode, "BpfVeth", `${machine.name} reports what its kernel shows`);
      const node = (await stage.arm.nodes()).find(({ name }) => name === machine.name);
      assert.equal(node?.properties.effectiveMode, "BpfVeth");
      const devices = (status as { devices?: readonly ReportedDevice[] } | undefined)?.devices ?? [];
      assert.ok(devices.some(({ role }) => role === "Uplink") && devices.some(({ role }) => role === "Pod"));
      const shown = [...new Set(devices.map(({ attached, hook }) => `${hook} ${attached ? "attached" : "not attached"}`))];
      assert.deepEqual(shown, [`${HOOKS[machine.series]} attached`]);
      await withPrivilegedPod(stage, { node: machine.name, name: "look-at-programs" }, async (pod) => {
        assert.deepEqual(await loadedPrograms(pod), PROGRAMS);
      });
    }
  });
}

/** The end of it: nothing is left, and rules are nobody's business any more. */
export function switchedOff(stage: Stage): void {
  journeyWhileOn(
    stage,
    "once host routing is off on a virtual machine, nothing is left in its kernel and rules can be written",
    async () => {
      await disable(stage);
      await expectDisabled(stage);
      for (const machine of labMachines(stage.stateDir))
        await withPrivilegedPod(stage, { node: machine.name, name: "look-for-rests" }, async (pod) => {
          assert.deepEqual(await loadedPrograms(pod), []);
          assert.equal((await pod.runOnNode("sh", "-c", "ls -A /sys/fs/bpf")).stdout, "");
          const write = "iptables-nft -A FORWARD -d 192.0.2.1 -j DROP && iptables-nft -D FORWARD -d 192.0.2.1 -j DROP";
          assert.equal((await pod.runOnNode("sh", "-c", write)).code, 0);
        });
    },
  );
}

/** Our programs on packets' way that the machine's kernel has loaded. bpftool 7.1 knows no tcx, so their devices are the report's word. */
async function loadedPrograms(pod: PrivilegedPod): Promise<string[]> {
  const { stdout } = await pod.runOnNode("bpftool", "-j", "prog", "show");
  const names = (JSON.parse(stdout) as { name?: string }[]).flatMap(({ name }) =>
    name !== undefined && PROGRAMS.includes(name) ? [name] : [],
  );
  return [...new Set(names)].sort((a, b) => a.localeCompare(b));
}

type ReportedDevice = { readonly role: string; readonly attached: boolean; readonly hook?: string };
