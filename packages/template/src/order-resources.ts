import type { PlannedResource } from "./template-plan.ts";

/** Resources, each after those that it depends on and otherwise as in the template; or a cycle among them, as ids of which each depends on the next. */
export type ResourceOrder =
  | { readonly kind: "ordered"; readonly resources: readonly PlannedResource[] }
  | { readonly kind: "cycle"; readonly ids: readonly string[] };

/** Puts resources in order (Kahn). Every id in `dependsOn` is one of theirs. */
export function orderResources(resources: readonly PlannedResource[]): ResourceOrder {
  const open = new Map(resources.map(({ id, dependsOn }) => [id, dependsOn.length]));
  const dependents = new Map<string, PlannedResource[]>(resources.map(({ id }) => [id, []]));
  for (const resource of resources) for (const id of resource.dependsOn) dependents.get(id)?.push(resource);
  const ready = resources.filter(({ dependsOn }) => dependsOn.length === 0);
  // grows while it is gone through
  for (const { id } of ready)
    for (const dependent of dependents.get(id) ?? []) {
      const left = (open.get(dependent.id) ?? 0) - 1;
      open.set(dependent.id, left);
      if (left === 0) ready.push(dependent);
    }
  if (ready.length === resources.length) return { kind: "ordered", resources: ready };
  return { kind: "cycle", ids: findCycle(resources, new Set(ready.map(({ id }) => id))) };
}

/** Each of the rest depends on another of the rest, so that going on leads round. */
function findCycle(resources: readonly PlannedResource[], done: ReadonlySet<string>): string[] {
  const rest = new Map(resources.filter(({ id }) => !done.has(id)).map((resource) => [resource.id, resource]));
  const way: string[] = [];
  let [at] = rest.keys();
  while (at !== undefined && !way.includes(at)) {
    way.push(at);
    at = rest.get(at)?.dependsOn.find((id) => rest.has(id));
  }
  return at === undefined ? way : [...way.slice(way.indexOf(at)), at];
}
