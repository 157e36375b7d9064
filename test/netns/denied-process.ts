import { Datapath } from "../../services/node-agent/src/host-routing/datapath.ts";
import { PinFolder } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import path from "node:path";

/**
 * Runs the pinned program `from_pod` on one frame for a second, in a process of its own, and says how often, and how often it dropped it.
 * Arguments: the folder of the pins, the frame in hex. The frame's device does not matter: deny rules are judged before it.
 */
const [folder = "", frame = ""] = process.argv.slice(2);
const FOR_MS = 1000;
const DROP = 2;

const datapath = Datapath.open(new PinFolder(path.dirname(folder), path.basename(folder)));
const bytes = Buffer.from(frame, "hex");
const result = { runs: 0, dropped: 0 };
for (const endsAt = performance.now() + FOR_MS; performance.now() < endsAt; result.runs++)
  if (datapath.programs.from_pod.runPacket(bytes).verdict === DROP) result.dropped++;
datapath.close();
process.send?.(result);
