/**
 * Who may import whom. Every rule says what to do instead; test/architecture proves that each of them fires (on the tree under canary/) and that the
 * real tree was read at all: beside TypeScript 7 this tool silently reads nothing, which is why the name `typescript` belongs to version 6 here.
 */

const NOT_TESTS = "\\.test\\.ts$|/testing/";

/** Rule for one part of the tree: of our own packages it may import those named, nothing else. */
function mayImport(part, packages, comment) {
  const [kind, name] = part.split("/");
  const own = kind === "packages" ? [name] : [];
  return {
    name: `${name}-imports`,
    comment,
    severity: "error",
    from: { path: `^${part}/src/`, pathNot: NOT_TESTS },
    to: { path: "^packages/", pathNot: `^packages/(${[...own, ...packages].join("|")})/` },
  };
}

/** Rule for code that must give the same answer to the same question: no Node module, no third-party package. */
function pure(name) {
  return {
    name: `${name}-is-pure`,
    comment: `packages/${name} computes and nothing else: take what it needs (time, facts, random numbers) as arguments, and leave the doing to a service.`,
    severity: "error",
    from: { path: `^packages/${name}/src/`, pathNot: NOT_TESTS },
    to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"], pathNot: "^packages/" },
  };
}

const ADAPTER =
  "An adapter knows the domain and the runtime; move what it wants from elsewhere into the service that wires both, or into packages/domain.";
const PURE = "Put what both need into packages/domain.";

module.exports = {
  forbidden: [
    mayImport("packages/domain", [], "The domain knows nobody: move the shared thing into packages/domain, or pass it in."),
    mayImport("packages/runtime", [], "The runtime serves every process and knows no product: pass the thing in."),
    mayImport("packages/contracts", [], "Contracts are generated shapes: map them to domain types in the service that reads them."),
    mayImport("packages/preflight", ["domain"], PURE),
    mayImport("packages/rollout", ["domain"], PURE),
    mayImport("packages/netfilter", ["domain"], PURE),
    mayImport("packages/policy", ["domain", "netfilter"], PURE),
    mayImport("packages/template", ["domain"], PURE),
    mayImport("packages/events", ["domain"], ADAPTER),
    mayImport("packages/store", ["domain", "runtime"], ADAPTER),
    mayImport("packages/doorbell", ["domain", "runtime"], ADAPTER),
    mayImport("packages/kube", ["domain", "events", "runtime", "contracts"], ADAPTER),
    mayImport("packages/azure", ["domain", "runtime"], ADAPTER),
    mayImport("packages/bpf-loader", ["domain", "runtime"], ADAPTER),
    mayImport(
      "services/control-plane",
      ["domain", "preflight", "template", "contracts", "store", "doorbell", "runtime"],
      "The ARM surface never talks to a managed cluster: write the wish into the store and let the rollout worker act.",
    ),
    mayImport(
      "services/rollout-worker",
      ["domain", "preflight", "rollout", "policy", "contracts", "store", "doorbell", "events", "kube", "azure", "runtime"],
      "The worker speaks domain, store and Kubernetes; kernel work belongs to the node agent, HTTP to the control plane.",
    ),
    mayImport(
      "services/node-agent",
      ["domain", "netfilter", "policy", "events", "contracts", "bpf-loader", "kube", "runtime"],
      "The agent speaks only to its own cluster's API server: what it needs to know comes in its custom resources.",
    ),
    mayImport(
      "services/cli",
      ["domain", "netfilter", "policy", "contracts", "azure", "kube", "runtime"],
      "The command shows what the API says, and for one node what its agent says: ask them.",
    ),
    pure("domain"),
    pure("preflight"),
    pure("rollout"),
    pure("netfilter"),
    pure("policy"),
    pure("template"),
    {
      name: "no-service-imports-another",
      comment: "Services meet in the store, in custom resources or on the wire; shared code belongs into a package.",
      severity: "error",
      from: { path: "^services/([^/]+)/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "no-package-imports-a-service",
      comment: "Packages are below services: pass the thing in, or move it into the package.",
      severity: "error",
      from: { path: "^packages/" },
      to: { path: "^services/" },
    },
    {
      name: "product-imports-no-tooling",
      comment: "infra/ and test/ are not shipped: move what the product needs into a package.",
      severity: "error",
      from: { path: "^(packages|services)/[^/]+/src/", pathNot: NOT_TESTS },
      to: { path: "^(infra|test)/" },
    },
    {
      name: "packages-by-their-door",
      comment: "Import the package by its name: its index.ts says what is meant for others.",
      severity: "error",
      from: { path: "^(packages|services)/([^/]+)/" },
      to: { path: "^packages/[^/]+/src/", pathNot: ["^packages/$2/", "/src/index\\.ts$", "/src/fake-[^/]+\\.ts$"] },
    },
    {
      name: "fakes-in-tests-only",
      comment: "A fake outside tests would be a product that pretends: use the real adapter.",
      severity: "error",
      from: { path: "^(packages|services)/", pathNot: [NOT_TESTS, "/fake-[^/]+\\.ts$"] },
      to: { path: "/fake-[^/]+\\.ts$" },
    },
    {
      name: "no-test-is-imported",
      comment: "Move what two tests share into a file of its own beside them.",
      severity: "error",
      from: {},
      to: { path: "\\.test\\.ts$" },
    },
    {
      name: "no-cycle",
      comment: "Two modules that need each other are one, or lack a third that both need.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "only-declared-dependencies",
      comment: "Declare it in `dependencies` of the package.json beside it; images hold nothing else.",
      severity: "error",
      from: { path: "^(packages|services)/[^/]+/src/", pathNot: NOT_TESTS },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"], pathNot: "@types/" },
    },
    {
      name: "everything-resolves",
      comment: "Is the path right, with its .ts? Is the package declared and installed?",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".mjs", ".json", ".d.ts"],
    },
  },
};
