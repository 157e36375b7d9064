import { after } from "node:test";
import type { Series } from "../../infra/guests/guest-kernel.ts";
import { openStage } from "../journeys/stage.ts";
import { ending, endingEarly } from "./ending.ts";
import { guarding, keepsOff } from "./guarding.ts";
import { joining } from "./joining.ts";
import { switchedOff, switchedOn } from "./switching.ts";

/** `thorough`: also what takes minutes on an emulated processor and is proved on nodes of namespaces as well. */
type Plan = { readonly kernel: Series; readonly kubeProxyMode: "iptables" | "nftables"; readonly thorough: boolean };

/** The journeys of a node with a kernel of its own, one after the other on one stage: a virtual machine beside a node of namespaces. */
export async function guardedMachine({ kernel, kubeProxyMode, thorough }: Plan): Promise<void> {
  const stage = await openStage({ nodes: 1, machines: [kernel], kubeProxyMode });
  after(() => stage.close());
  joining(stage);
  if (thorough) keepsOff(stage);
  switchedOn(stage);
  guarding(stage);
  switchedOff(stage);
  ending(stage);
  if (thorough) endingEarly();
}
