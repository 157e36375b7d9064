import { overTold } from "../reporting-nodes.ts";
import { failed, passed, unknown, warns, type Rule } from "../rule.ts";

/** PF-035: the agent's list of known rules knows the node's image. Of another, rules of every image pass as the node's own. */
export const knownImage: Rule = {
  id: "PF-035",
  title: "Known node image",
  severity: warns,
  drivers: ["bundle"],
  remedy:
    "Use an image of AKS with its label `kubernetes.azure.com/node-image-version`, or upgrade the bundle, whose list may be too old for it.",
  check(facts) {
    return overTold(
      facts,
      ({ scan }) => scan,
      (told) => {
        const strange = told.filter(({ said }) => said.image === "").map(({ node }) => node);
        if (strange.length > 0)
          return failed(
            "Which rules are the image's own is not known.",
            strange.map((node) => `node ${node}`),
            "kubernetes.azure.com/node-image-version",
          );
        const unread = told.filter(({ said }) => said.image === undefined).map(({ node }) => node);
        return unread.length === 0 ? passed() : unknown(`The image of ${unread.join(", ")} has not been read yet.`);
      },
    );
  },
};
