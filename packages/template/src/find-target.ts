import type { Frame } from "./evaluation-context.ts";
import { TemplateFault } from "./evaluation-fault.ts";
import type { PlannedResource } from "./template-plan.ts";

/** The resources of the template that a text names: by symbolic name, id, type and name, name of a loop, or name. Throws TemplateFault when a name has several. */
export function findTargets(text: string, frame: Frame): readonly PlannedResource[] {
  const { targets } = frame.context;
  const found = targets.get(text.toLowerCase());
  if (found !== undefined) return found;
  const named = targets.get(`name ${text.toLowerCase()}`) ?? [];
  if (named.length > 1)
    throw new TemplateFault(`The resource name '${text.slice(0, 200)}' is that of several resources: use the id of one`);
  return named;
}

/** A fault: the template has no such resource. */
export function undefinedResource(text: string): TemplateFault {
  return new TemplateFault(
    `The resource '${text.slice(0, 200)}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.`,
  );
}

/** The resource that an expression is about; undefined for the id of one that the template does not define. Throws TemplateFault. */
export function findTarget(text: string, frame: Frame): PlannedResource | undefined {
  const [found] = findTargets(text, frame);
  if (found === undefined && !text.startsWith("/")) throw undefinedResource(text);
  return found;
}

/** Whether a text names a loop that has no rounds: it is of the template, and there is nothing to wait for. */
export function isEmptyLoop(text: string, { context: { targets } }: Frame): boolean {
  return targets.get(text.toLowerCase())?.length === 0;
}
