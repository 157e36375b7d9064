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

const DISPLAY_PROVIDER = "Microsoft Container Service";

const REGISTER: CatalogueRoute = {
  on: "POST /subscriptions/:sub/providers/Microsoft.ContainerService/register",
  action: `${PROVIDER}/register/action`,
  says: "Registers a subscription with the provider",
};

/** `Microsoft.ContainerService/managedClusters/hostRoutings/pause/action` speaks of "Managed Clusters Host Routings". */
function resourceOf(action: string): string {
  const [, ...parts] = action.split("/");
  const types = parts.slice(0, parts.at(-1) === "action" ? -2 : -1);
  const words = types.flatMap((type) => type.split(/(?=[A-Z])/)).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return words.length === 0 ? DISPLAY_PROVIDER : words.join(" ");
}

function toOperation({ action, says }: CatalogueRoute): ProviderOperation {
  return {
    name: action,
    isDataAction: false,
    display: { provider: DISPLAY_PROVIDER, resource: resourceOf(action), operation: says, description: `${says}.` },
    origin: "user,system",
  };
}

/** Every right of our namespace once, with the words of the last route that asks for it: the one that speaks of a single resource. */
export function providerOperations(catalogue: readonly CatalogueRoute[] = routeCatalogue): readonly ProviderOperation[] {
  const ours = [REGISTER, ...catalogue].filter((route) => route.action.toLowerCase().startsWith(`${PROVIDER.toLowerCase()}/`));
  return [...new Map(ours.map((route) => [route.action, toOperation(route)])).values()];
}

/** `GET /providers/Microsoft.ContainerService/operations`: the rights that roles can be made of. */
export function providerOperationRoutes(app: FastifyInstance): void {
  app.get(`/providers/${PROVIDER}/operations`, async () => ({ value: providerOperations() }));
}
