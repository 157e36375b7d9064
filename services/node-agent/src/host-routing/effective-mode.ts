import type { Observation } from "./node-datapath.ts";

/** What the node does with pod traffic, and why we say so. `Unknown` is "could not find out", never a guess. */
export type Effective = { mode: "BpfVeth" | "Legacy" | "Unknown"; reason: string; message: string };

/** Judges by what the kernel shows alone: mode, programs on devices, packets of the self-test. Never by what was asked for. */
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
  const missing = devices.filter((device) => !device.attached && !device.reason?.startsWith("Foreign"));
  if (uplinks.length === 0) return { mode: "Unknown", reason: "NoUplink", message: "No device with a route to other nodes was found." };
  const bare = uplinks.find((device) => !device.attached);
  if (bare) return { mode: "Legacy", reason: "UplinkNotAttached", message: `${bare.name}: ${bare.reason ?? "not attached"}` };
  if (missing[0])
    return { mode: "Unknown", reason: "DeviceNotAttached", message: `${missing[0].name}: ${missing[0].reason ?? "not attached"}` };
  if (!selfTest) return { mode: "Unknown", reason: "NotTested", message: "The self-test has not run yet." };
  if (selfTest.outcome !== "Passed") return { mode: "Unknown", reason: "SelfTestFailed", message: selfTest.message };
  const foreign = devices.filter((device) => !device.attached).length;
  const note = foreign > 0 ? ` ${foreign} devices with programs of others stay on the stack.` : "";
  return { mode: "BpfVeth", reason: "Switched", message: `${devices.length - foreign} devices carry our programs.${note}` };
}
