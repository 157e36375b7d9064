import { routeCatalogue } from "../arm/route-catalogue.ts";

/** The type of the resource that an address pattern names: `Microsoft.X/a/b` of `…/providers/Microsoft.X/a/:name/b/default`. */
function typeOf(pattern: string): string {
  const [namespace, ...parts] = pattern.slice(pattern.lastIndexOf("/providers/") + "/providers/".length).split("/");
  return [namespace, ...parts.filter((_, index) => index % 2 === 0)].join("/");
}

/** Every type of resource in a group that this surface has a PUT for: what a template may name. */
export const deployableTypes: readonly string[] = routeCatalogue
  .map(({ on }) => on)
  .filter((on) => on.startsWith("PUT ") && on.includes("/resourceGroups/:group/providers/"))
  .map(typeOf);

const LIST_ACTION = /^POST .*\/resourceGroups\/:group\/providers\/.*\/(list\w+)$/;

/** Every action by which a resource in a group tells what it shows to few, with its type: what `list…` functions of a template may ask for. */
export const listActions: readonly string[] = routeCatalogue.flatMap(({ on }) => {
  const action = LIST_ACTION.exec(on)?.[1];
  return action === undefined ? [] : [`${typeOf(on.slice(0, -action.length - 1))}/${action}`];
});
