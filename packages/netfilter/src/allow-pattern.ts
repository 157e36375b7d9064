/** Why a pattern of the allow-list may not be used, or undefined. */
export function whyPatternIsRefused(pattern: string): string | undefined {
  if (pattern.trim() === "") return "is blank";
  if (pattern.length > PATTERN_CHARS_MAX) return `is longer than ${PATTERN_CHARS_MAX} characters`;
  if (!pattern.startsWith("^") || !endsAnchored(pattern)) return "is not anchored: it must begin with ^ and end with $";
  if (hasBareAlternative(pattern)) return "has an alternative outside of a group, which the anchors do not hold";
  if (repeatsRepetition(pattern)) return "repeats a group that repeats something itself: matching may take for ever";
  const expression = compiled(pattern);
  if (expression === undefined) return "is not a regular expression";
  return PROBES.every((probe) => expression.test(probe)) ? "matches everything" : undefined;
}

/** The longest shipped one has 525. */
const PATTERN_CHARS_MAX = 1_000;

/** Texts that no rule has in common: a pattern that takes them all says nothing. */
const PROBES = ["x", "-A FORWARD -j DROP", "-A KUBE-SERVICES -d 203.0.113.9/32 -p udp -m udp --dport 9 -j ACCEPT", "zażółć \"'\\ 0"];

function endsAnchored(pattern: string): boolean {
  if (!pattern.endsWith("$")) return false;
  const slashes = /\\*$/.exec(pattern.slice(0, -1))?.[0].length ?? 0;
  return slashes % 2 === 0;
}

function compiled(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}

/** What remains of a pattern when escapes and classes, which may hold any sign, are one letter each. */
function skeleton(pattern: string): string {
  return pattern.replaceAll(/\\./g, "a").replaceAll(/\[\^?\]?[^\]]*\]/g, "a");
}

function hasBareAlternative(pattern: string): boolean {
  let depth = 0;
  for (const char of skeleton(pattern)) {
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (char === "|" && depth === 0) return true;
  }
  return false;
}

/** `(a+)+`, `(a|b*){2,}`: exponential when they fail. A group that may be left out once, `(a+)?`, is not. */
function repeatsRepetition(pattern: string): boolean {
  let rest = skeleton(pattern).replaceAll(/\(\?(?:[:=!]|<[=!]|<\w+>)/g, "(");
  for (let group = GROUP.exec(rest); group !== null; group = GROUP.exec(rest)) {
    const [whole, inside = "", times = ""] = group;
    const inner = /[*+]|\{\d+(,\d*)?\}/.test(inside);
    if (inner && times !== "" && times !== "?") return true;
    // A repetition inside stays visible to the groups around.
    rest = rest.replace(whole, inner || (times !== "" && times !== "?") ? "a+" : "a");
  }
  return false;
}

const GROUP = /\(([^()]*)\)([*+?]|\{\d+(?:,\d*)?\})?/;
