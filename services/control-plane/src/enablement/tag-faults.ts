import type { ArmFault } from "../arm/arm-error.ts";

/** ARM's limits on tags. */
const TAGS_MAX = 50;
const KEY_LENGTH_MAX = 512;
const VALUE_LENGTH_MAX = 256;
const FORBIDDEN_IN_KEYS = /[<>%&\\?/]/;

/** One fault for each way in which tags break ARM's limits. */
export function tagFaults(tags: Readonly<Record<string, string>>): readonly ArmFault[] {
  const entries = Object.entries(tags);
  if (entries.length > TAGS_MAX)
    return [
      { code: "TooManyTags", message: `A resource has at most ${TAGS_MAX} tags; the request has ${entries.length}.`, target: "tags" },
    ];
  return entries.flatMap(([key, value]): readonly ArmFault[] => {
    const shown = key.slice(0, 64);
    if (key === "" || FORBIDDEN_IN_KEYS.test(key))
      return [
        {
          code: "InvalidTagNameCharacters",
          message: `The tag name '${shown}' is empty or has one of the characters <>%&\\?/.`,
          target: "tags",
        },
      ];
    if (key.length > KEY_LENGTH_MAX)
      return [{ code: "InvalidTagName", message: `The tag name '${shown}…' has more than ${KEY_LENGTH_MAX} characters.`, target: "tags" }];
    if (value.length > VALUE_LENGTH_MAX)
      return [
        {
          code: "InvalidTagValue",
          message: `The value of tag '${shown}' has more than ${VALUE_LENGTH_MAX} characters.`,
          target: `tags.${shown}`,
        },
      ];
    return [];
  });
}
