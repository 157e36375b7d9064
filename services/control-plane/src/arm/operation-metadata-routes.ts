import type { FastifyInstance, FastifyRequest } from "fastify";
import { ArmError, armError } from "./arm-error.ts";
import { operationsOf, type ProviderOperation } from "./provider-operations.ts";
import { RESOURCE_TYPES, namespaceNamed } from "./resource-types.ts";

const TYPE = "Microsoft.Authorization/providerOperations";
const namespaces = [...new Set(RESOURCE_TYPES.map((one) => one.namespace))].toSorted();

type Body = Readonly<Record<string, unknown>>;

function toOperation({ name, isDataAction, display, origin }: ProviderOperation): Body {
  return { name, displayName: display.operation, description: display.description, origin, isDataAction };
}

/** The resource type that a right is about: `Microsoft.X/a/b/read` and `Microsoft.X/a/b/do/action` are about `a/b`; empty where it is the provider itself. */
function typeOf(name: string): string {
  const [, ...parts] = name.split("/");
  return parts.slice(0, parts.at(-1) === "action" ? -2 : -1).join("/");
}

/** A provider with its rights, by resource type. */
function toMetadata(namespace: string): Body {
  const operations = operationsOf(namespace);
  const byType = Map.groupBy(operations, ({ name }) => typeOf(name));
  const resourceTypes = [...byType].filter(([type]) => type !== "");
  return {
    id: `/providers/${TYPE}/${namespace}`,
    name: namespace,
    type: TYPE,
    displayName: operations[0]?.display.provider ?? namespace,
    resourceTypes: resourceTypes.map(([name, own]) => ({
      name,
      displayName: own[0]?.display.resource ?? name,
      operations: own.map(toOperation),
    })),
    operations: (byType.get("") ?? []).map(toOperation),
  };
}

/** `$expand=resourceTypes` is what there is, and is always done. @throws ArmError 400 `InvalidExpandInQueryString`. */
function checkExpand(request: FastifyRequest): void {
  const query = request.query as Readonly<Record<string, unknown>>;
  const expand = query[Object.keys(query).find((key) => key.toLowerCase() === "$expand") ?? ""] ?? "";
  if (expand === "" || (typeof expand === "string" && expand.toLowerCase() === "resourcetypes")) return;
  throw new ArmError(400, { code: "InvalidExpandInQueryString", message: "$expand can only be resourceTypes.", target: "$expand" });
}

/** `az provider operation list` and `show`: the rights that roles are made of, provider by provider. */
export function operationMetadataRoutes(app: FastifyInstance): void {
  app.get(`/providers/${TYPE}`, async (request) => {
    checkExpand(request);
    return { value: namespaces.map(toMetadata) };
  });
  app.get<{ Params: { namespace: string } }>(`/providers/${TYPE}/:namespace`, async (request) => {
    checkExpand(request);
    const namespace = namespaceNamed(request.params.namespace);
    if (namespace !== undefined) return toMetadata(namespace);
    throw armError(404, "InvalidResourceNamespace", `The resource namespace '${request.params.namespace}' is invalid.`);
  });
}
