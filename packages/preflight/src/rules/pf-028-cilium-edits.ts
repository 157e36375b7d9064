import { ciliumOverrides, overCilium } from "../cilium-config.ts";
import type { CiliumFacts } from "../facts.ts";
import { failed, passed, unknown, warns, type Outcome, type Rule } from "../rule.ts";

/** Keys that a finding names of each writer. */
const KEYS_MAX = 10;

function judge({ config, overrides }: CiliumFacts): Outcome {
  const rivals = overrides.filter(({ defaults }) => Object.keys(ciliumOverrides).some((key) => key in defaults));
  const writers = config?.writers;
  if (writers === undefined && rivals.length === 0) return unknown("The API server does not tell who wrote cilium-config.");
  // Who wrote the most is who installs it; the others put their hands in.
  const [, ...others] = (writers ?? []).toSorted((a, b) => b.keys.length - a.keys.length);
  if (others.length === 0 && rivals.length === 0) return passed();
  const subjects = [...others.map(({ name }) => `cilium-config, by ${name}`), ...rivals.map(({ name }) => `CiliumNodeConfig ${name}`)];
  const evidence = [
    ...others.map(({ name, keys }) => `${name} wrote ${keys.slice(0, KEYS_MAX).join(", ")}`),
    ...rivals.map(
      ({ name, defaults }) =>
        `${name}: ${Object.keys(ciliumOverrides)
          .filter((key) => key in defaults)
          .join(", ")}`,
    ),
  ];
  return failed("Others than its installer changed Cilium's configuration, or override what we override.", subjects, evidence.join("; "));
}

/** PF-028: who installs Cilium is alone in its configuration. What others changed is lost at the next upgrade, or wins over ours. */
export const ciliumEdits: Rule = {
  id: "PF-028",
  title: "Nobody else's hand in Cilium's configuration",
  severity: warns,
  drivers: ["cilium"],
  remedy: "Say the same where Cilium is installed from, and take back what was changed by hand.",
  check: (facts) => overCilium(facts, judge),
};
