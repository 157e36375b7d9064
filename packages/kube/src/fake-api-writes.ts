import { AppError } from "@hostrouting/domain";
import type { EventObject } from "@hostrouting/events";
import type { ApiAnswer, ApiCall } from "./api-client.ts";
import type { HeldAdmissionObject } from "./birth-taint.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import type { FakeCluster } from "./fake-cluster.ts";

type Given = { readonly names: readonly string[]; readonly body: never; readonly query: Readonly<Record<string, string | undefined>> };
type Route = { readonly method: ApiCall["method"]; readonly path: RegExp; run(given: Given): Promise<unknown> };

const lease = ({ holder, token, version }: { holder: string; token: number; version: string }): unknown => ({
  metadata: { name: "rollout-worker", resourceVersion: version },
  spec: { holderIdentity: holder, leaseTransitions: token },
});
const absent = (): AppError => new AppError("kube.not-found", { say: "not found" });
const items = (list: readonly unknown[]): unknown => ({ items: list, metadata: { resourceVersion: "1" } });

/** Calls of an API server but for what is listed and watched, as calls of a fake cluster: what it refuses is refused in the API server's way. */
export class FakeApiWrites {
  readonly #access: ClusterAccess;
  readonly #cluster: FakeCluster;
  readonly #routes: readonly Route[];

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
    this.#access = cluster.access();
    this.#routes = [...this.#own(), ...this.#workloads(), ...this.#leases(), ...this.#admission()];
  }

  /** The body of what the call comes to. @throws AppError as ApiClient's `call` */
  async answer(call: ApiCall): Promise<unknown> {
    const { method, path, query = {}, body } = call;
    for (const route of this.#routes) {
      const match = route.method === method ? route.path.exec(path) : null;
      // Routes know what is sent to their path.
      if (match !== null) return route.run({ names: match.slice(1), body: body as never, query });
    }
    throw new Error(`the fake API server does not know ${method} ${path}`);
  }

  /** The same as an answer with a status; of the calls whose status is looked at. */
  async send(call: ApiCall): Promise<ApiAnswer> {
    if (call.path === "/version")
      return { status: 200, body: await this.#access.serverVersion(), date: new Date(Date.now() + this.#cluster.aheadMs).toUTCString() };
    const [, namespace = "", name = ""] = /\/namespaces\/([^/]+)\/pods\/([^/]+)\/eviction$/.exec(call.path) ?? [];
    if (name !== "") {
      const outcome = await this.#access.evict({ namespace, name, uid: "" });
      return outcome.kind === "Evicted" ? { status: 201, body: {} } : refusedBy(outcome.budget);
    }
    if (call.path.endsWith("/events")) {
      await this.#access.writeEvent(call.body as EventObject);
      return { status: 201, body: {} };
    }
    throw new Error(`the fake API server does not know ${call.method} ${call.path}`);
  }

  #own(): readonly Route[] {
    const access = this.#access;
    return [
      {
        method: "PATCH",
        path: /\/hostroutingnodes\/([^/]+)$/,
        run: ({ names: [name = ""], body }) => access.applyNodeObject({ name, uid: "" }, (body as { spec: never }).spec),
      },
      { method: "DELETE", path: /\/hostroutingnodes\/([^/]+)$/, run: ({ names: [name = ""] }) => access.deleteNodeObject(name) },
      { method: "PATCH", path: /\/hostroutingconfigs\/default$/, run: ({ body }) => access.applyConfig((body as { spec: never }).spec) },
      {
        method: "GET",
        path: /\/hostroutingconfigs\/default$/,
        run: async () => {
          const config = await access.readConfig();
          if (config === undefined) throw absent();
          return config;
        },
      },
      {
        method: "PATCH",
        path: /\/ciliumclusterwidenetworkpolicies\/([^/]+)$/,
        run: ({ body, query }) => access.applyPolicy(body, { force: query["force"] === "true", replaceVersion: undefined }),
      },
      {
        method: "DELETE",
        path: /\/ciliumclusterwidenetworkpolicies\/([^/]+)$/,
        run: ({ names: [name = ""] }) => access.deletePolicy(name),
      },
    ];
  }

  #workloads(): readonly Route[] {
    const access = this.#access;
    return [
      { method: "PATCH", path: /^\/api\/v1\/nodes\/([^/]+)$/, run: ({ names: [name = ""], body }) => access.patchNode(name, body) },
      {
        method: "PATCH",
        path: /\/daemonsets\/([^/]+)$/,
        run: ({ body, query }) => (query["dryRun"] === undefined ? access.applyBundle(body) : access.tryBundle(body)),
      },
      { method: "DELETE", path: /\/daemonsets\/([^/]+)$/, run: () => access.deleteBundle() },
      {
        method: "GET",
        path: /^\/api\/v1\/pods$/,
        run: async ({ query }) => {
          const node = query["fieldSelector"]?.replace("spec.nodeName=", "");
          return items([...this.#cluster.pods.values()].filter(({ spec }) => node === undefined || spec?.nodeName === node));
        },
      },
      {
        method: "GET",
        path: /^\/api\/v1\/events$/,
        run: async () =>
          items(
            (await access.listSandboxFailures()).map(({ node, podUid, message }) => ({
              involvedObject: { uid: podUid },
              source: { host: node },
              message,
            })),
          ),
      },
      { method: "GET", path: /\/poddisruptionbudgets$/, run: async () => items(await access.listBudgets()) },
      {
        method: "DELETE",
        path: /\/namespaces\/([^/]+)\/pods\/([^/]+)$/,
        run: ({ names: [namespace = "", name = ""] }) => access.deletePod(namespace, name),
      },
      {
        method: "POST",
        path: /\/selfsubjectrulesreviews$/,
        run: async () => {
          const { rules, isComplete } = await access.grantedRules("");
          return { status: { resourceRules: rules, incomplete: !isComplete } };
        },
      },
    ];
  }

  #leases(): readonly Route[] {
    type Wish = { metadata: { resourceVersion?: string }; spec: { holderIdentity: string; leaseTransitions: number } };
    const write = async (body: Wish): Promise<unknown> => {
      const { holderIdentity: holder, leaseTransitions: token } = body.spec;
      return lease(await this.#access.writeRolloutLease({ holder, token, over: body.metadata.resourceVersion }));
    };
    return [
      {
        method: "GET",
        path: /\/leases\/([^/]+)$/,
        run: async () => {
          const held = await this.#access.readRolloutLease();
          if (held === undefined) throw absent();
          return lease(held);
        },
      },
      { method: "POST", path: /\/leases$/, run: ({ body }) => write(body) },
      { method: "PUT", path: /\/leases\/([^/]+)$/, run: ({ body }) => write(body) },
    ];
  }

  #admission(): readonly Route[] {
    const kinds = [
      ["mutatingadmissionpolicies", "policy"],
      ["mutatingadmissionpolicybindings", "binding"],
    ] as const;
    return kinds.flatMap(([resource, member]): readonly Route[] => {
      const { admission } = this.#cluster;
      const put = async ({ body }: Given): Promise<unknown> => (admission[member] = structuredClone(body) as HeldAdmissionObject);
      const held = (): readonly unknown[] => [admission[member]].filter((object) => object !== undefined);
      return [
        { method: "GET", path: new RegExp(`/${resource}$`), run: async () => items(held()) },
        { method: "POST", path: new RegExp(`/${resource}$`), run: put },
        { method: "PUT", path: new RegExp(`/${resource}/[^/]+$`), run: put },
        { method: "DELETE", path: new RegExp(`/${resource}/[^/]+$`), run: async () => void (admission[member] = undefined) },
      ];
    });
  }
}

/** As pkg/registry/core/pod/storage/eviction.go answers. */
function refusedBy(budget: string): ApiAnswer {
  const cause = {
    reason: "DisruptionBudget",
    message: `The disruption budget ${budget.split("/").at(-1)} needs 1 healthy pods and has 1 currently`,
  };
  return {
    status: 429,
    body: { message: "Cannot evict pod as it would violate the pod's disruption budget.", details: { causes: [cause] } },
  };
}
