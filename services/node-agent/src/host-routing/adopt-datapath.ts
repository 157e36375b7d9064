import { AppError } from "@hostrouting/domain";
import { Datapath } from "./datapath.ts";
import { pinFolders, type PinFolder } from "./pin-folder.ts";

/**
 * The datapath that an earlier agent has left, or nothing. Of several versions that is the one that carries packets: ours may have been loaded by an agent
 * that was killed before it was switched on. Else our own. Pins of shapes that we cannot read are left alone until an order replaces them.
 * @throws AppError of a refused kernel call
 */
export function adoptDatapath(pinRoot: string, version: string): Datapath | undefined {
  const complete = pinFolders(pinRoot).filter((folder) => folder.complete());
  const carrying = complete.length > 1 ? complete.filter(isCarrying) : [];
  const isOwn = (folder: PinFolder): boolean => folder.version === version;
  const chosen = carrying.find(isOwn) ?? carrying[0] ?? complete.find(isOwn) ?? complete[0];
  try {
    return chosen && Datapath.adopt(chosen);
  } catch (error) {
    if (error instanceof AppError && error.code === "agent.foreign-layout") return undefined;
    throw error;
  }
}

/** Whether packets depend on this version. */
function isCarrying(folder: PinFolder): boolean {
  const datapath = Datapath.open(folder);
  try {
    return datapath.readControl().mode !== "Off";
  } finally {
    datapath.close();
  }
}
