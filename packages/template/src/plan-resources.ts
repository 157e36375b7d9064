import { collectAllReferences, collectReferences } from "./collect-references.ts";
import {
  conditionOf,
  type DeclaredResource,
  expandLoop,
  identify,
  isDeployment,
  listResources,
  type ResourceIdentity,
} from "./declared-resources.ts";
import { evaluateBody } from "./evaluate-body.ts";
import type { EvaluationContext, Frame } from "./evaluation-context.ts";
import { TemplateFault } from "./evaluation-fault.ts";
import { knownNow, type TreeWalk } from "./evaluate-tree.ts";
import { findTargets, isEmptyLoop, undefinedResource } from "./find-target.ts";
import { isArray, isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";
import { RESOURCES_MAX } from "./limits.ts";
import { DETOUR_STEPS, spend } from "./value-weight.ts";
import { resourceIdOf, scopeId } from "./resource-id.ts";
import { pathText, type ProblemList } from "./problem-list.ts";
import type { PlannedResource } from "./template-plan.ts";

/** A resource whose identity is known; body and dependencies follow when those of all others are. */
type Draft = { readonly declared: DeclaredResource; readonly planned: PlannedResource; readonly parentId: string | undefined };

/** A frame for an expression of a resource: `fixed` for what must be known while planning. */
export function frameFor(context: EvaluationContext, place: Frame["place"], copies: ReadonlyMap<string, number>): Frame {
  return { context, place, copies, known: undefined, needs: new Map(), depth: 0, secure: false };
}

/** Plans all resources of a template, in no order yet. Ids in `dependsOn` are those of planned resources. */
export function planResources(context: EvaluationContext, template: JsonObject, problems: ProblemList): PlannedResource[] {
  const drafts: Draft[] = [];
  const roots = listResources(memberOf(template, "resources"), "resources");
  for (const root of roots) draftResource({ context, problems, drafts }, root, undefined);
  if (drafts.length > RESOURCES_MAX) {
    const what = `The number of template resources limit exceeded. Limit: '${RESOURCES_MAX}'. Please see https://aka.ms/arm-deploy-limits for usage details.`;
    problems.note(new TemplateFault(what), "resources");
    return [];
  }
  const unique = withoutDoubles(drafts, problems);
  for (const draft of unique) register(context, draft);
  const ids = new Set(unique.map(({ planned }) => planned.id));
  const serial = serialBatches(unique);
  const planned = unique.map((draft) => completeResource(context, draft, { problems, ids, before: serial.get(draft) ?? [] }));
  // expressions of outputs ask for the resources as they are now
  for (const resource of planned) replaceTarget(context, resource);
  return planned;
}

type Drafting = { readonly context: EvaluationContext; readonly problems: ProblemList; readonly drafts: Draft[] };
type Listed = { readonly resource: JsonValue; readonly path: string; readonly symbolicName?: string };
type Parent = ResourceIdentity & { readonly copies: ReadonlyMap<string, number>; readonly condition: boolean };

function draftResource(drafting: Drafting, { resource, path, symbolicName }: Listed, parent: Parent | undefined): void {
  const { context, problems, drafts } = drafting;
  if (!isObject(resource)) return problems.note(new TemplateFault("A template resource must be an object"), path);
  const declared = { resource, path, symbolicName, copies: parent?.copies ?? context.copies };
  const rounds = problems.attempt(path, () => expandLoop(declared, frameFor(context, "fixed", declared.copies))) ?? [];
  if (rounds.length === 0) registerEmptyLoop(context, resource, symbolicName);
  for (const round of rounds) {
    if (drafts.length > RESOURCES_MAX) return;
    const frame = frameFor(context, "fixed", round.copies);
    spend(frame, DETOUR_STEPS);
    const condition = problems.attempt(`${path}.condition`, () => conditionOf(resource, frame)) ?? false;
    const identity = problems.attempt(path, () => identify(round, frame, parent));
    if (identity === undefined) continue;
    const planned = draftOf(round, identity, condition && (parent?.condition ?? true));
    const refusal = problems.attempt(path, () => whyNot(frame, planned, resource));
    if (refusal !== undefined) problems.note(new TemplateFault(refusal), path);
    drafts.push({ declared: round, planned, parentId: parent?.id });
    const children = listResources(memberOf(resource, "resources"), `${path}.resources`);
    for (const child of children) draftResource(drafting, child, { ...identity, copies: round.copies, condition: planned.condition });
  }
}

function draftOf(round: DeclaredResource, identity: ResourceIdentity, condition: boolean): PlannedResource {
  const { resource, path, symbolicName, copy } = round;
  const options = memberOf(resource, "properties");
  const evaluation = isObject(options) ? memberOf(options, "expressionEvaluationOptions") : undefined;
  const scope = isObject(evaluation) ? memberOf(evaluation, "scope") : undefined;
  const isInner = typeof scope === "string" && scope.toLowerCase() === "inner";
  return {
    ...identity,
    ...(symbolicName === undefined ? {} : { symbolicName }),
    condition,
    existing: memberOf(resource, "existing") === true,
    body: {},
    deferred: false,
    securePaths: [],
    dependsOn: [],
    ...(copy === undefined ? {} : { copy: { name: copy.name, index: copy.index } }),
    ...(isDeployment(identity.type) ? { nested: isInner ? ("inner" as const) : ("outer" as const) } : {}),
    path,
  };
}

/** A nested deployment that would delete what the template around it deploys is none (Azure: only the outermost one may be Complete). */
function whyNotNested(frame: Frame, { id, name, condition }: PlannedResource, resource: JsonObject): string | undefined {
  if (!id.toLowerCase().startsWith(`${scopeId(frame.context.input.scope)}/`.toLowerCase()))
    return "A nested deployment to another resource group or subscription is not supported: deploy its template there";
  const { deploymentName, within = [] } = frame.context.input;
  if (condition && [...within, deploymentName].some((around) => around.toLowerCase() === name.toLowerCase()))
    return `The nested deployment '${name}' has the name of a deployment that it is in, which is under way as long as it waits for this one: give it another name`;
  const written = memberOf(resource, "properties");
  const properties = isObject(written) ? written : {};
  if (!isObject(memberOf(properties, "template")))
    return `The nested deployment '${name}' needs its template in 'properties.template': links to templates ('templateLink') are not followed. Put the linked template there; what Bicep makes of a module has it so`;
  const mode = memberOf(properties, "mode") ?? "Incremental";
  const known = typeof mode === "string" ? knownNow(mode, frame) : mode;
  return typeof known === "string" && known.toLowerCase() === "incremental"
    ? undefined
    : `The nested deployment '${name}' must have the mode 'Incremental': only the outermost deployment may be 'Complete', and then keeps what nested ones deploy`;
}

function whyNot(frame: Frame, planned: PlannedResource, resource: JsonObject): string | undefined {
  const { context } = frame;
  const { type, existing } = planned;
  if (isDeployment(type)) return whyNotNested(frame, planned, resource);
  const types = context.input.resourceTypes;
  if (existing || types === undefined || types.some((known) => known.toLowerCase() === type.toLowerCase())) return undefined;
  return `The resource type '${type.slice(0, 200)}' cannot be deployed here; known are ${types.join(", ")} and Microsoft.Resources/deployments`;
}

function withoutDoubles(drafts: readonly Draft[], problems: ProblemList): Draft[] {
  const byId = new Map<string, Draft>();
  for (const draft of drafts) {
    const key = draft.planned.id.toLowerCase();
    const other = byId.get(key);
    // of two that exclude each other by their conditions, the one that is deployed stands for the id
    if (other === undefined || (!other.planned.condition && draft.planned.condition)) byId.set(key, draft);
    else if (draft.planned.condition)
      problems.note(
        new TemplateFault(
          `The resource '${draft.planned.id}' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.`,
        ),
        draft.declared.path,
      );
  }
  return [...byId.values()];
}

/** All names by which expressions may call a resource. */
function namesOf({ declared, planned }: Draft): string[] {
  const { id, type, name, symbolicName, copy } = planned;
  const relative = resourceIdOf("", type, name.split("/"))?.slice("/providers/".length) ?? id;
  const names = [id, relative, `${type}/${name}`, `name ${name}`];
  if (symbolicName !== undefined) names.push(symbolicName);
  if (symbolicName !== undefined && copy !== undefined) names.push(`${symbolicName}[${copy.index}]`);
  if (declared.copy !== undefined) names.push(declared.copy.name);
  return [...new Set(names.map((one) => one.toLowerCase()))];
}

function register({ targets, sources }: EvaluationContext, draft: Draft): void {
  const { planned, declared } = draft;
  for (const name of namesOf(draft)) {
    const others = targets.get(name)?.filter(({ id }) => id !== planned.id) ?? [];
    targets.set(name, [...others, planned]);
  }
  sources.set(planned.id, { resource: declared.resource, copies: declared.copies });
}

function registerEmptyLoop({ targets }: EvaluationContext, resource: JsonObject, symbolicName: string | undefined): void {
  const loop = memberOf(resource, "copy");
  const name = isObject(loop) ? memberOf(loop, "name") : undefined;
  for (const one of [name, symbolicName]) if (typeof one === "string") targets.set(one.toLowerCase(), []);
}

function replaceTarget({ targets }: EvaluationContext, planned: PlannedResource): void {
  targets.set(planned.id.toLowerCase(), [planned]);
}

/** Of each round of a serial loop, the ids of the batch before its own. */
function serialBatches(drafts: readonly Draft[]): Map<Draft, readonly string[]> {
  const batches = new Map<string, string[]>();
  const key = ({ declared, parentId }: Draft, batch: number): string => `${declared.path} ${parentId ?? ""} ${batch}`;
  const batchOf = ({ declared: { copy } }: Draft): number => Math.floor((copy?.index ?? 0) / (copy?.batchSize ?? 1));
  const rounds = drafts.filter(({ declared: { copy } }) => copy?.batchSize !== undefined);
  for (const draft of rounds) {
    const batch = key(draft, batchOf(draft));
    batches.set(batch, [...(batches.get(batch) ?? []), draft.planned.id]);
  }
  return new Map(rounds.map((draft) => [draft, batches.get(key(draft, batchOf(draft) - 1)) ?? []]));
}

type Completing = { readonly problems: ProblemList; readonly ids: ReadonlySet<string>; readonly before: readonly string[] };

function completeResource(context: EvaluationContext, draft: Draft, { problems, ids, before }: Completing): PlannedResource {
  const { declared, planned, parentId } = draft;
  const { resource, path, copies } = declared;
  const frame = frameFor(context, "body", copies);
  const asked = new Set<string>();
  const walk: TreeWalk = {
    frame,
    path: [],
    securePaths: [],
    deferred: false,
    onFault: (fault, at) => problems.note(fault, pathText(path, at)),
    onDeferred: (text) => collectReferences(text, { ...frame, secure: false }, asked),
  };
  const isSent = planned.condition && !planned.existing;
  const body = isSent ? evaluateBody(resource, planned.type, walk) : {};
  if (isSent && planned.nested === "outer") collectOuterReferences(resource, frame, asked);
  const dependsOn = new Set([...before, ...(parentId === undefined ? [] : [parentId]), ...explicitDependencies(draft, context, problems)]);
  for (const id of asked) {
    const [target] = context.targets.get(id.toLowerCase()) ?? [];
    if (target !== undefined && !target.existing) dependsOn.add(target.id);
  }
  return {
    ...planned,
    body,
    // a template that is to be written out is so at run time, when all that it asks for is known
    deferred: walk.deferred || (isSent && planned.nested === "outer"),
    securePaths: walk.securePaths,
    dependsOn: [...dependsOn].filter((id) => ids.has(id)),
  };
}

/** What the template of a nested deployment asks for where its expressions are the outer template's. */
function collectOuterReferences(resource: JsonObject, frame: Frame, asked: Set<string>): void {
  const properties = memberOf(resource, "properties");
  const template = isObject(properties) ? memberOf(properties, "template") : undefined;
  if (template !== undefined) collectAllReferences(template, { ...frame, secure: false }, asked);
}

function explicitDependencies(
  { declared: { resource, path, copies } }: Draft,
  context: EvaluationContext,
  problems: ProblemList,
): string[] {
  const written = memberOf(resource, "dependsOn");
  const frame = frameFor(context, "fixed", copies);
  const entries =
    typeof written === "string" ? (problems.attempt(`${path}.dependsOn`, () => knownNow(written, frame)) ?? []) : (written ?? []);
  if (!isArray(entries)) {
    problems.note(new TemplateFault("The 'dependsOn' of a template resource must be an array"), `${path}.dependsOn`);
    return [];
  }
  return entries.flatMap((entry, index) => problems.attempt(`${path}.dependsOn[${index}]`, () => dependencyOf(entry, frame)) ?? []);
}

function dependencyOf(entry: JsonValue, frame: Frame): string[] {
  const name = typeof entry === "string" ? knownNow(entry, frame) : entry;
  if (typeof name !== "string") throw new TemplateFault("An entry of 'dependsOn' must be the name or id of a resource");
  if (frame.secure) throw new TemplateFault("An entry of 'dependsOn' is made of a secure parameter");
  const targets = findTargets(name, frame);
  if (targets.length === 0 && !isEmptyLoop(name, frame)) throw undefinedResource(name);
  return targets.map(({ id }) => id);
}
