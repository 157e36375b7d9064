import type { SimulatedAzure } from "@hostrouting/rollout";

/** `azure busy`, `azure throttled`, `azure policy`, `azure takes`: how it answers to a change; `azure loses answers`; `azure away`, `azure back`; `azure changed`, `azure races`: by somebody else, now or right before our request; `azure fails X`; `azure state X`; `azure stuck`. */
export function changeAzure(azure: SimulatedAzure, [what, value = ""]: readonly string[]): boolean {
  switch (what) {
    case "busy":
    case "throttled":
    case "policy":
      azure.refuses = what;
      return true;
    case "takes":
      azure.refuses = undefined;
      return true;
    case "loses":
      azure.losesAnswers = true;
      return true;
    case "away":
    case "back":
      azure.isAway = what === "away";
      return true;
    case "changed":
      azure.touch();
      return true;
    case "fails":
      azure.failure = { code: value, message: "as Azure says", target: "c" };
      return true;
    case "state":
      azure.provisioningState = value;
      return true;
    case "races":
      azure.races = true;
      return true;
    case "stuck":
      azure.isStuck = true;
      return true;
    case "goes":
      azure.isStuck = false;
      return true;
    default:
      return false;
  }
}
