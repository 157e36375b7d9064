import type { HookedDevice } from "./device-hooks.ts";
import type { Observation } from "./node-datapath.ts";

/** What the node does with pod traffic, and why we say so. `Unknown` is "could not find out", never a guess. */
export type Effective = { mode: "BpfVeth" | "Legacy" | "Unknown"; reason: string; message: string };

/**
 * Judges by what the kernel shows alone: mode, programs on devices, packets of the self-test. Never by what was asked for. A pod that is
 * refused for a reason of its own (opted out, somebody else's program, bridged …) does not keep its node from BpfVeth: it is named in the
 * report, and every other pod of the node is fast. An uplink that is refused does: without it no pod is.
 */
export function effectiveMode(seen: Observation): Effective {
  const { control, devices, selfTest } = seen;
  if (!control) return { mode: "Legacy", reason: "Detached", message: "No program of ours is loaded." };
  if (control.missed)
    return {
      mode: "Legacy",
      reason: "ConfirmMissed",
      message: `Generation ${control.generation} was not confirmed in time; the kernel took it back.`,
    };
  if (control.mode === "Drain") return { mode: "Legacy", reason: "Draining", message: "Known flows stay fast, new ones take the stack." };
  if (control.mode === "Off") return { mode: "Legacy", reason: "Off", message: "Programs are loaded and pass every packet to the stack." };
  const uplinks = devices.filter((device) => device.role === "Uplink");
  const missing = devices.filter(isMissing);
  if (uplinks.length === 0) return { mode: "Unknown", reason: "NoUplink", message: "No device with a route to other nodes was found." };
  const bare = uplinks.find((device) => !device.attached);
  if (bare) return { mode: "Legacy", reason: "UplinkNotAttached", message: `${bare.name}: ${bare.reason ?? "not attached"}` };
  if (missing[0])
    return { mode: "Unknown", reason: "DeviceNotAttached", message: `${missing[0].name}: ${missing[0].reason ?? "not attached"}` };
  if (!selfTest) return { mode: "Unknown", reason: "NotTested", message: "The self-test has not run yet." };
  if (selfTest.outcome !== "Passed") return { mode: "Unknown", reason: "SelfTestFailed", message: selfTest.message };
  const refused = refusedDevices(devices).length;
  const note = refused > 0 ? ` ${refused} pods stay on the stack, each with its reason in refusals.` : "";
  const attached = devices.filter((device) => device.attached).length;
  return { mode: "BpfVeth", reason: "Switched", message: `${attached} devices carry our programs.${note}` };
}

/** Pods' devices that keep the stack for a reason of their own, which no later attempt would change. */
export function refusedDevices(devices: readonly HookedDevice[]): HookedDevice[] {
  return devices.filter((device) => device.role === "Pod" && device.reason !== undefined && !isMissing(device));
}

/** Could carry our program and does not: the next round tries again. */
function isMissing({ attached, reason }: HookedDevice): boolean {
  return !attached && (reason === undefined || reason === "AttachRefused" || reason === "NotAttached");
}
