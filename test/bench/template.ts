/**
 * `npm run bench:template`: what planning a template of 800 resources costs, by kind of template, beside reading the same text as JSON, which no
 * evaluator can do without. Needs no root. Prints each figure and its share of the goal; exits 1 when one is above. Writes docs/benchmarks/template.md.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import {
  type JsonObject,
  type JsonValue,
  planTemplate,
  relaxTemplateBody,
  resolveResource,
  type TemplateInput,
} from "@hostrouting/template";

const PAGE = path.join(import.meta.dirname, "../../docs/benchmarks/template.md");
const RESOURCES = 800;
const RUNS = 9;
/** "Speed and memory" of the ARM surface: a template with 800 resources evaluates in less. */
const PLAN_MAX_MS = 1000;
const TYPE = "Microsoft.ContainerService/managedClusters";

const numbers = Array.from({ length: RESOURCES }, (_, index) => index);
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** A cluster as people write it, with a dozen expressions. */
function cluster(index: number, rest: JsonObject): JsonObject {
  return {
    type: TYPE,
    apiVersion: "2026-04-01",
    name: `[format('{0}-{1}', parameters('prefix'), ${index})]`,
    location: "[resourceGroup().location]",
    tags: "[union(variables('tags'), createObject('index', string(1)))]",
    identity: {
      type: "UserAssigned",
      userAssignedIdentities: { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'id')]": {} },
    },
    properties: {
      kubernetesVersion: "[parameters('version')]",
      dnsPrefix: "[concat('dns-', uniqueString(resourceGroup().id, deployment().name))]",
      copy: [
        {
          name: "agentPoolProfiles",
          count: "[length(variables('pools'))]",
          input: {
            name: "[variables('pools')[copyIndex('agentPoolProfiles')]]",
            count: "[if(equals(copyIndex('agentPoolProfiles'), 0), 3, 1)]",
            mode: "System",
          },
        },
      ],
      networkProfile: {
        networkPlugin: "azure",
        networkDataplane: "cilium",
        advancedNetworking: { enabled: true, performance: { accelerationMode: "[parameters('mode')]" } },
      },
    },
    ...rest,
  };
}

function templateOf(resources: JsonValue): JsonObject {
  return {
    $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    contentVersion: "1.0.0.0",
    parameters: {
      prefix: { type: "string", defaultValue: "aks" },
      version: { type: "string", defaultValue: "1.36" },
      mode: { type: "string", defaultValue: "BpfVeth", allowedValues: ["BpfVeth", "None"] },
    },
    variables: { pools: ["system", "users", "gpu"], tags: { team: "[concat('team-', parameters('prefix'))]" } },
    resources,
    outputs: { first: { type: "string", value: `[reference(resourceId('${TYPE}', format('{0}-0', parameters('prefix')))).fqdn]` } },
  };
}

const name = (index: number): string => `[resourceId('${TYPE}', format('{0}-{1}', parameters('prefix'), ${index}))]`;
const CASES: readonly { readonly what: string; readonly template: JsonObject }[] = [
  { what: "800 resources, none waits for another", template: templateOf(numbers.map((index) => cluster(index, {}))) },
  {
    what: "800 resources in a row by `dependsOn`",
    template: templateOf(numbers.map((index) => cluster(index, index === 0 ? {} : { dependsOn: [name(index - 1)] }))),
  },
  {
    what: "800 resources in a row by `reference()`",
    template: templateOf(
      numbers.map((index) => cluster(index, index === 0 ? {} : { kind: `[reference(${name(index - 1).slice(1, -1)}).fqdn]` })),
    ),
  },
  {
    what: "a loop of 800, serial in batches of 20",
    template: templateOf([
      cluster(0, {
        name: "[format('{0}-{1}', parameters('prefix'), copyIndex())]",
        copy: { name: "all", count: RESOURCES, mode: "serial", batchSize: 20 },
      }),
    ]),
  },
];

function inputOf(template: JsonValue): TemplateInput {
  return {
    template,
    parameters: {},
    deploymentName: "bench",
    mode: "Incremental",
    scope: {
      tenantId: "t",
      subscriptionId: "00000000-0000-0000-0000-000000000001",
      subscriptionName: "s",
      resourceGroup: { name: "rg", location: "westeurope", tags: {} },
      environment: {},
    },
    nowMs: 0,
    newGuid: (key) => key,
  };
}

/** Milliseconds of each part, the text new each time so that nothing is remembered. */
function measure(template: JsonObject): { parse: number; relax: number; plan: number; resolve: number } {
  const text = JSON.stringify(template);
  const spliced = `{"properties":{"parameters":{}, template:${JSON.stringify(template, null, 2)}}}`;
  const rows = Array.from({ length: RUNS }, () => {
    const times = [performance.now()];
    const lap = (): void => void times.push(performance.now());
    const parsed = JSON.parse(text) as JsonValue;
    lap();
    const relaxed = relaxTemplateBody(spliced);
    lap();
    const plan = planTemplate(inputOf(parsed));
    lap();
    const known = (): JsonObject => ({ properties: { fqdn: "x" } });
    const resolved = plan.resources.map((resource) => resolveResource(plan, resource, known));
    lap();
    if (
      relaxed.kind !== "json" ||
      plan.problems.length > 0 ||
      plan.resources.length !== RESOURCES ||
      resolved.some(({ kind }) => kind !== "resolved")
    )
      throw new Error(`the template is not planned: ${JSON.stringify(plan.problems.slice(0, 3))}`);
    return times.slice(1).map((time, index) => time - (times[index] ?? 0));
  });
  const of = (part: number): number => median(rows.map((row) => row[part] ?? Number.NaN));
  return { parse: of(0), relax: of(1), plan: of(2), resolve: of(3) };
}

const measured = CASES.map(({ what, template }) => ({ what, chars: JSON.stringify(template).length, ...measure(template) }));
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const table = [
  ["The template", "Its text", "JSON.parse of it", "az's body made JSON", "Planned", "All bodies at run time"],
  ["---", "---:", "---:", "---:", "---:", "---:"],
  ...measured.map(({ what, chars, parse, relax, plan, resolve }) => [
    what,
    `${Math.round(chars / 1000)} kB`,
    ms(parse),
    ms(relax),
    `${ms(plan)} (${(plan / PLAN_MAX_MS).toFixed(2)} of ${PLAN_MAX_MS})`,
    ms(resolve),
  ]),
]
  .map((line) => `| ${line.join(" | ")} |`)
  .join("\n");
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}`;
const about = `\`npm run bench:template\`, ${new Date().toISOString().slice(0, 10)}, ${machine}. Median of ${RUNS}, each from a text of its own; what is allowed stands behind.`;
writeFileSync(
  PAGE,
  `# What planning a template costs\n\nThe most that a template may have is 800 resources. Reading its text as JSON is the least that any evaluator must do.\n\n${about}\n\n${table}\n`,
);
process.stdout.write(`${table}\n`);
process.exitCode = measured.every(({ plan }) => plan <= PLAN_MAX_MS) ? 0 : 1;
