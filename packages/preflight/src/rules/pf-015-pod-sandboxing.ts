import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { blocks, failed, type Rule } from "../rule.ts";

/** Runtimes and runtime classes of pods in virtual machines: KataMshvVmIsolation, kata-vm-isolation, … */
const SANDBOX = /kata/i;

/** PF-015: no pod has a virtual machine of its own, whose device is no veth. */
export const podSandboxing: Rule = {
  id: "PF-015",
  title: "No Pod Sandboxing",
  severity: blocks,
  drivers: podReaders,
  remedy: "Remove the pools with Pod Sandboxing, and run these pods without it or in another cluster.",
  check(facts) {
    const pools = facts.profile.pools.filter(({ workloadRuntime }) => SANDBOX.test(workloadRuntime));
    if (pools.length > 0)
      return failed(
        "Pools run pods in virtual machines.",
        pools.map(({ name }) => `pool ${name}`),
        pools.map(({ name, workloadRuntime }) => `pool ${name}: workloadRuntime ${workloadRuntime}`).join("; "),
      );
    return overPods(facts, (pods) =>
      withoutPods(
        "Pods run in virtual machines.",
        pods.filter(({ runtimeClass }) => SANDBOX.test(runtimeClass)),
        ({ runtimeClass }) => `runtimeClassName ${runtimeClass}`,
      ),
    );
  },
};
