import type { NodeRollout } from "@hostrouting/domain";
import { nextGeneration, withOrder } from "./agent-report.ts";
import { desiredSpec, move, type NodeStep, type StepContext } from "./node-step.ts";

/**
 * Makes the object of a node again that somebody deleted, and asks for what its kernel does already: without an object its agent has nowhere to report.
 * Only for a node that was verified in its present boot; of any other nothing is known that could be confirmed.
 */
export function renewObject(record: NodeRollout, context: StepContext): NodeStep | undefined {
  const { seen } = context;
  const isOn = record.phase === "Enabled" || record.phase === "Soaking";
  if (!isOn || seen.spec !== undefined || record.verifiedBoot !== seen.bootId) return undefined;
  const renewed = withOrder({ ...record, switchGeneration: nextGeneration(record, seen) }, seen);
  const confirmedGeneration = context.driver.confirms ? renewed.switchGeneration : 0;
  const asked = desiredSpec(renewed, "BpfVeth", context);
  // By the bundle that was verified there, whichever runs by now: by another it would count as brought to that one, and nobody has looked.
  const bundleDigest = record.verifiedBundle ?? seen.agentPod?.bundleDigest ?? asked.bundleDigest;
  const spec = { ...asked, bundleDigest, confirmedGeneration };
  return move(renewed, context.driver.restate(spec, seen));
}
