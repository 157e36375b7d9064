import {
  parseMaintenanceConfiguration,
  type Instant,
  type MaintenanceConfiguration,
  type MaintenanceConfigurationName,
} from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { ArmError, armError, manyFaults, type ArmFault } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";
import { isJsonObject } from "./json-object.ts";

/** A PUT or a DELETE (without a body) of a maintenance configuration; `now` gives a window that names no first day its first. */
export type MaintenanceRequest = {
  readonly name: MaintenanceConfigurationName;
  readonly body: unknown;
  readonly isRemoval: boolean;
  readonly principal: Principal;
  readonly now: Instant;
};
/** What it makes of the cluster; `configuration` is absent after a removal, and `wasThere` says whether there was one before. */
export type MaintenanceDecision = {
  readonly change?: ClusterChange;
  readonly result: { readonly configuration: MaintenanceConfiguration | undefined; readonly wasThere: boolean } | ArmError;
};

/** Beside `properties`, what a client reads and may send back. */
const ENVELOPE: readonly string[] = ["properties", "id", "name", "type", "systemData"];

/** Replaces or removes a maintenance configuration under lock; all faults at once (400), and then nothing changes. */
export function decideMaintenance(locked: LockedCluster | undefined, request: MaintenanceRequest): MaintenanceDecision {
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", "The managed cluster was not found.") };
  const { name, principal } = request;
  const wasThere = locked.maintenance[name] !== undefined;
  const by = principal.objectId;
  if (request.isRemoval) {
    const { [name]: _removed, ...maintenance } = locked.maintenance;
    const history = [{ kind: "MaintenanceConfigurationRemoved", data: { name, by } }];
    return { ...(wasThere && { change: { maintenance, history } }), result: { configuration: undefined, wasThere } };
  }
  const configuration = configurationOf(request);
  if (configuration instanceof ArmError) return { result: configuration };
  const history = [{ kind: "MaintenanceConfigurationChanged", data: { name, configuration, by } }];
  return { change: { maintenance: { ...locked.maintenance, [name]: configuration }, history }, result: { configuration, wasThere } };
}

function configurationOf({ name, body, now }: MaintenanceRequest): MaintenanceConfiguration | ArmError {
  if (!isJsonObject(body)) return new ArmError(400, { code: "InvalidRequestContent", message: "The body must be a JSON object." });
  const unknown = Object.keys(body).filter((member) => !ENVELOPE.includes(member));
  const parsed = parseMaintenanceConfiguration(name, body["properties"], now);
  const [first, ...others] = [
    ...unknown.map((member): ArmFault => {
      return { code: "InvalidParameter", message: `There is no member '${member}' in a maintenance configuration.`, target: member };
    }),
    ...("faults" in parsed ? parsed.faults : []).map(({ member, message }): ArmFault => {
      const target = member.startsWith("properties") ? member : `properties.${member}`;
      return { code: "InvalidParameter", message, target };
    }),
  ];
  if (first !== undefined) return new ArmError(400, manyFaults([first, ...others]));
  return "configuration" in parsed
    ? parsed.configuration
    : armError(400, "InvalidRequestContent", "There is no maintenance configuration.");
}
