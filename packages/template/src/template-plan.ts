import type { EvaluationContext } from "./evaluation-context.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import type { TemplateProblem } from "./template-problem.ts";

/** Where a deployment runs, as the functions `resourceGroup()`, `subscription()`, `tenant()` and `environment()` tell it. */
export type DeploymentScope = {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly resourceGroup: { readonly name: string; readonly location: string; readonly tags: Readonly<Record<string, string>> };
  /** What `environment()` gives: name, resourceManager, authentication, suffixes. */
  readonly environment: JsonObject;
};

/** All that a plan is made of. The same input gives the same plan, so that it can be made again after a restart. */
export type TemplateInput = {
  /** The parsed template: anything that JSON can say. */
  readonly template: JsonValue;
  /** `properties.parameters` of the request: `{ name: { value } }`, or undefined. */
  readonly parameters: JsonValue | undefined;
  readonly deploymentName: string;
  /** Names of the deployments that it is nested in, the outermost first; absent: none. */
  readonly within?: readonly string[];
  readonly mode: "Incremental" | "Complete";
  readonly scope: DeploymentScope;
  /** What `utcNow()` says, milliseconds since 1970. Keep it with the deployment. */
  readonly nowMs: number;
  /** What `newGuid()` gives, by a key that names the call. For the same key it must give the same answer while the deployment lasts: a UUID of the deployment's own id and the key. */
  readonly newGuid: (key: string) => string;
  /** Types that can be deployed, in any case; others are `InvalidTemplate`. Undefined: all are. `Microsoft.Resources/deployments` is always known. */
  readonly resourceTypes?: readonly string[] | undefined;
  /** Actions that `list…` functions may ask for, with their types: `Microsoft.ContainerService/managedClusters/listClusterUserCredential`. Undefined: none. */
  readonly listActions?: readonly string[] | undefined;
  /** What `deployer()` says: objectId, tenantId, userPrincipalName. */
  readonly deployer?: JsonObject | undefined;
  /** Parameters whose values came from secure ones outside: never shown, whatever their type here. */
  readonly secretParameters?: readonly string[] | undefined;
};

/** A value as the reply to a deployment shows it: `value` is missing where it is secure. */
export type ShownValue = { readonly type: string; readonly value?: JsonValue };

/** One resource of a template, after loops: what is to be sent, when, and whether. */
export type PlannedResource = {
  /** Full id, in the casing of the template. */
  readonly id: string;
  /** Full type, with namespace: `Microsoft.ContainerService/managedClusters/agentPools`. */
  readonly type: string;
  /** Full name, with those of its parents: `cluster/pool`. */
  readonly name: string;
  readonly apiVersion: string;
  /** The key in a template of languageVersion 2.0. */
  readonly symbolicName?: string;
  /** False: it is not deployed, and who depends on it does not wait. */
  readonly condition: boolean;
  /** It is only read, never written (`existing` of languageVersion 2.0). */
  readonly existing: boolean;
  /**
   * What is sent (`location`, `tags`, `sku`, `kind`, `identity`, `properties` … as far as given), without type, name, apiVersion. Expressions with
   * `reference()` that can be known only at run time stand as their text; then `deferred` is true and `resolveResource` gives the final one.
   */
  readonly body: JsonObject;
  readonly deferred: boolean;
  /** Places in `body` that were made of secure parameters; `hideSecure` makes what may be shown. */
  readonly securePaths: readonly JsonPath[];
  /** Ids of planned resources that must be done before: dependsOn, `reference()`, parents, and earlier batches of a serial loop. As in their `id`. */
  readonly dependsOn: readonly string[];
  /** Which round of which loop it is. */
  readonly copy?: { readonly name: string; readonly index: number };
  /** It is a deployment with its template inside; `planNested` plans that. */
  readonly nested?: "inner" | "outer";
  /** Where it stands in the template: `resources[2]`. */
  readonly path: string;
};

/** The way from a body to a place in it. */
export type JsonPath = readonly (string | number)[];

/** What a template means. */
export type TemplatePlan = {
  /** All that was found; when there are any, nothing must be deployed. */
  readonly problems: readonly TemplateProblem[];
  /** Each after those that it depends on. */
  readonly resources: readonly PlannedResource[];
  /** The values that parameters got, as the deployment shows them. */
  readonly parameters: Readonly<Record<string, ShownValue>>;
  /** As Azure Resource Manager computes it: equal for equal templates, a decimal number. */
  readonly templateHash: string;
  /** For the functions of this package only. */
  readonly context: EvaluationContext;
};

/** A resource whose state an expression asks for. */
export type ReferenceNeed = {
  readonly id: string;
  /** What the expression says, else that with which the template deploys the resource. */
  readonly apiVersion: string;
  /** What a POST to this action of the resource answers; absent: what a GET of the resource does. */
  readonly action?: string;
};

/** What is known of resources at run time: the whole body that a GET, or the POST to an action, gives, or undefined when it was not asked for yet. */
export type KnownReferences = (need: ReferenceNeed) => JsonObject | undefined;

/** An answer that may need more facts: get what is needed and ask again with them. It ends, since an expression asks for finitely many. */
export type Resolution<T> =
  | { readonly kind: "resolved"; readonly value: T }
  | { readonly kind: "needs"; readonly references: readonly ReferenceNeed[] }
  | { readonly kind: "refused"; readonly problems: readonly TemplateProblem[] };

/** The body of a resource as it is to be sent, and the places in it that may not be shown. */
export type ResolvedBody = { readonly body: JsonObject; readonly securePaths: readonly JsonPath[] };

/** Plans a template. Never throws, ends within bounded time and memory whatever the template is. */
export type PlanTemplate = (input: TemplateInput) => TemplatePlan;

/** The final body of a planned resource. */
export type ResolveResource = (plan: TemplatePlan, resource: PlannedResource, known: KnownReferences) => Resolution<ResolvedBody>;

/** The outputs of a deployment whose resources are done; those with a false condition are missing. */
export type ResolveOutputs = (plan: TemplatePlan, known: KnownReferences) => Resolution<Readonly<Record<string, ShownValue>>>;

/** What is deployed inside a deployment, into the same resource group; always in Incremental mode. */
export type NestedPlan = { readonly plan: TemplatePlan };

/** The plan of a nested deployment, when all that it is given is known. */
export type PlanNested = (plan: TemplatePlan, resource: PlannedResource, known: KnownReferences) => Resolution<NestedPlan>;
