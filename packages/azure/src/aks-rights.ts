import { roleAllows } from "@hostrouting/domain";
import type { AksAnswer } from "./aks-reply.ts";
import { asJson, asList, asText } from "./json.ts";

/** What may keep us from changing a cluster although it can be read. */
export type AksRights = {
  /** On the cluster and on its nodes' resource group, with the name of what they are on. */
  readonly locks: readonly string[];
  /** Actions that a change needs and the credential lacks. */
  readonly missingActions: readonly string[];
};

/** Asks with GET, and reads what came with 2xx. */
type Get = <T>(path: string, read: (body: unknown) => T) => Promise<AksAnswer<T>>;

const LOCKS_VERSION = "2016-09-01";
const PERMISSIONS_VERSION = "2022-04-01";
/** Of these Azure asks whoever changes a cluster and its pools. */
const NEEDED_ACTIONS = ["Microsoft.ContainerService/managedClusters/write", "Microsoft.ContainerService/managedClusters/agentPools/write"];
/** A lock that forbids deleting only lets the cluster be changed, but not its nodes be replaced. */
const LEVELS: ReadonlySet<string> = new Set(["ReadOnly", "CanNotDelete"]);

/** Locks by `Microsoft.Authorization/locks`, rights by `Microsoft.Authorization/permissions`; the first that Azure does not tell is the answer. */
export async function readAksRights(
  get: Get,
  place: { readonly resourceId: string; readonly subscriptionId: string; readonly nodeResourceGroup: string },
): Promise<AksAnswer<AksRights>> {
  const { resourceId, subscriptionId, nodeResourceGroup } = place;
  const groups = nodeResourceGroup === "" ? [] : [`/subscriptions/${subscriptionId}/resourceGroups/${nodeResourceGroup}`];
  const locks: string[] = [];
  for (const scope of [resourceId, ...groups]) {
    const answer = await get(`${scope}/providers/Microsoft.Authorization/locks?api-version=${LOCKS_VERSION}`, (body) => {
      const found = asList(asJson(body)["value"]).filter((lock) => LEVELS.has(asText(asJson(lock["properties"])["level"])));
      return found.map((lock) => `lock ${asText(lock["name"])} on ${scope.split("/").at(-1)}`);
    });
    if (answer.kind !== "Said") return answer;
    locks.push(...answer.value);
  }
  return get(`${resourceId}/providers/Microsoft.Authorization/permissions?api-version=${PERMISSIONS_VERSION}`, (body) => {
    const granted = asList(asJson(body)["value"]).map(({ actions, notActions }) => ({
      actions: Array.isArray(actions) ? actions.map(asText) : [],
      notActions: Array.isArray(notActions) ? notActions.map(asText) : [],
    }));
    return { locks, missingActions: NEEDED_ACTIONS.filter((action) => !granted.some((role) => roleAllows(role, action))) };
  });
}
