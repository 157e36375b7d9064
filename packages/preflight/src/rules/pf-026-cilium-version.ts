import type { PodFacts } from "../facts.ts";
import { overPods } from "../pod-rule.ts";
import { blocks, failed, passed, unknown, type Outcome, type Rule } from "../rule.ts";
import { parseMinorVersion } from "../version.ts";

type Release = readonly [major: number, minor: number, patch: number];

/** The oldest Cilium with which AKS offers host routing, by Kubernetes minor; the last one holds for those after it. */
const OLDEST: readonly (readonly [kubernetesMinor: number, cilium: Release])[] = [
  [33, [1, 17, 9]],
  [34, [1, 18, 6]],
  [36, [1, 18, 9]],
];
/** An agent's image by its tag; one that has a digest only does not tell. */
const IMAGE = /\/cilium(?:-distroless)?:v?(\d+)\.(\d+)\.(\d+)/;

function releaseOf({ images }: PodFacts): Release | undefined {
  for (const image of images) {
    const [, major, minor, patch] = IMAGE.exec(image) ?? [];
    if (major !== undefined) return [Number(major), Number(minor), Number(patch)];
  }
  return undefined;
}

const isOlder = (release: Release, than: Release): boolean => {
  const at = release.findIndex((part, index) => part !== than[index]);
  return at >= 0 && (release[at] ?? 0) < (than[at] ?? 0);
};

function judge(pods: readonly PodFacts[], oldest: Release): Outcome {
  const agents = pods.filter(({ app, controller }) => app === "cilium" && controller.startsWith("DaemonSet/"));
  if (agents.length === 0) return failed("No Cilium agent runs.", ["DaemonSet cilium"], "no pod with k8s-app: cilium");
  const read = agents.map((pod) => ({ pod, release: releaseOf(pod) }));
  const old = read.filter(({ release }) => release !== undefined && isOlder(release, oldest));
  if (old.length > 0)
    return failed(
      `It must be ${oldest.join(".")} or newer for this Kubernetes.`,
      [...new Set(old.map(({ pod }) => `node ${pod.node}`))],
      [...new Set(old.map(({ release }) => release?.join(".")))].join(", "),
    );
  return read.every(({ release }) => release !== undefined)
    ? passed()
    : unknown("The images of Cilium's agents do not tell their version.");
}

/** PF-026: Cilium is new enough for the cluster's Kubernetes. */
export const ciliumVersion: Rule = {
  id: "PF-026",
  title: "Cilium's version",
  severity: blocks,
  drivers: ["cilium"],
  remedy: "Upgrade the cluster to the newest patch of its Kubernetes version, which brings Cilium along.",
  check(facts) {
    const version = parseMinorVersion(facts.profile.kubernetesVersion);
    if (version === undefined) return unknown("The version of Kubernetes could not be read.");
    const oldest = OLDEST.findLast(([minor]) => version.major > 1 || version.minor >= minor)?.[1] ?? OLDEST[0]?.[1] ?? [1, 17, 9];
    return overPods(facts, (pods) => judge(pods, oldest));
  },
};
