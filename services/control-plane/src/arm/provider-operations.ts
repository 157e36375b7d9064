import type { FastifyInstance } from "fastify";
import { PROVIDER } from "./resource-ids.ts";
import { routeCatalogue, type CatalogueRoute } from "./route-catalogue.ts";

/** One entry of the list of operations, as the ARM RPC names its members. */
export type ProviderOperation = {
  readonly name: string;
  readonly isDataAction: false;
  readonly display: {
    readonly provider: string;
    readonly resource: string;
    readonly operation: string;
    readonly description: string;
  };
  /** Who may be given the right: people and applications, and other services. */
  readonly origin: "user,system";
};

const REGISTER: CatalogueRoute = {
  on: "POST /subscriptions/:sub/providers/Microsoft.ContainerService/register",
  action: `${PROVIDER}/register/action`,
  says: "Registers a subscription with the provider",
};

/** `ContainerService` and `hostRoutings` as words: "Container Service", "Host Routings". */
const inWords = (names: readonly string[]): string =>
  names
    .flatMap((name) => name.split(/(?=[A-Z])/))
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(" ");

function toOperation({ action, says }: CatalogueRoute): ProviderOperation {
  const [namespace = "", ...parts] = action.split("/");
  const types = parts.slice(0, parts.at(-1) === "action" ? -2 : -1);
  const provider = inWords(namespace.split("."));
  const resource = types.length === 0 ? provider : inWords(types);
  return {
    name: action,
    isDataAction: false,
    display: { provider, resource, operation: says, description: `${says}.` },
    origin: "user,system",
  };
}

/** Every right of a namespace once, with the words of the last route that asks for it: the one that speaks of a single resource. */
export function operationsOf(namespace: string, catalogue: readonly CatalogueRoute[] = routeCatalogue): readonly ProviderOperation[] {
  const own = [REGISTER, ...catalogue].filter((route) => route.action.toLowerCase().startsWith(`${namespace.toLowerCase()}/`));
  return [...new Map(own.map((route) => [route.action, toOperation(route)])).values()];
}

/** `GET /providers/Microsoft.ContainerService/operations`: the rights that roles can be made of. */
export function providerOperationRoutes(app: FastifyInstance): void {
  app.get(`/providers/${PROVIDER}/operations`, async () => ({ value: operationsOf(PROVIDER) }));
}
