import { createRequire } from "node:module";
import path from "node:path";
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from "dependency-cruiser";

/** The checkout. */
export const checkout = path.resolve(import.meta.dirname, "../..");

/** What reading a tree found. */
export type Imports = { readonly modulesRead: number; readonly violations: readonly { rule: string; sentence: string }[] };

const config = createRequire(import.meta.url)(path.join(checkout, ".dependency-cruiser.cjs")) as {
  forbidden: NonNullable<IFlattenedRuleSet["forbidden"]>;
  options: object;
};

/** Names of all rules about imports. */
export const ruleNames: readonly string[] = config.forbidden.map((rule) => rule.name ?? "");

/** Reads every module under a root and applies the rules. */
export async function readImports(root: string): Promise<Imports> {
  const { output } = await cruise(["packages", "services", "infra"], {
    ...config.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: config.forbidden },
  } as never);
  const { modules, summary } = output as ICruiseResult;
  const comments = new Map(config.forbidden.map((rule) => [rule.name, rule.comment ?? ""]));
  const violations = summary.violations.map(({ rule, from, to }) => ({
    rule: rule.name,
    sentence: `${from} imports ${to}: ${rule.name}. ${comments.get(rule.name)}`,
  }));
  return { modulesRead: modules.filter((module) => !module.source.includes("node_modules")).length, violations };
}
