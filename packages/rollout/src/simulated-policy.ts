import type { PolicyMode, PolicyState } from "@hostrouting/domain";
import type { PolicyVerdict } from "./snapshot.ts";

/** What would be found out of a managed policy that is in this state. */
export function simulatedPolicy(mode: PolicyMode, found: PolicyState): PolicyVerdict {
  const state = mode === "Off" ? "NotManaged" : found;
  const isOurs = ["InSync", "Drifted", "Contested"].includes(found);
  return {
    status: { name: "block-azure-destinations", mode, state, message: "", wasThere: isOurs, drift: [] },
    inPlace: state === "InSync" || state === "NotManaged",
    isOurs,
    correction: state === "Pending" || state === "Drifted" ? { force: true, replaceVersion: undefined } : undefined,
    until: undefined,
  };
}
