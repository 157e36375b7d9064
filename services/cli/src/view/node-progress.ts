import type { AccelerationMode } from "@hostrouting/domain";

/** How far along its way a node is in each phase, per cent. Steps that take longest have the widest gaps. */
const ENABLING: Readonly<Record<string, number>> = {
  Pending: 0,
  Cordoning: 5,
  Draining: 10,
  Installing: 25,
  Switching: 40,
  Verifying: 55,
  Confirming: 70,
  Soaking: 80,
  Enabled: 100,
};
const DISABLING: Readonly<Record<string, number>> = { Enabled: 0, Pending: 0, Detaching: 50, Disabled: 100 };

/** Per cent of a node's way to the desired mode; a phase that we do not know (a newer server's) counts as its beginning. */
export function nodeProgress(desired: AccelerationMode, phase: string): number {
  return (desired === "BpfVeth" ? ENABLING : DISABLING)[phase] ?? 0;
}

/** `████████░░░░`; never full before 100. */
export function progressBar(percent: number, width: number): string {
  const filled = percent >= 100 ? width : Math.min(width - 1, Math.floor((percent / 100) * width));
  return "█".repeat(filled) + "░".repeat(width - filled);
}
