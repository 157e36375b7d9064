import { isJsonObject, onlyField, type JsonObject, wordOf } from "./json-shape.ts";
import { expressionText, leftText } from "./nft-expression-text.ts";
import { operandValues } from "./nft-operand.ts";
import type { Action, Operand, PacketRule, RuleMatch } from "./packet-rule.ts";

type Field = Exclude<keyof RuleMatch, "names" | "options">;

/** Left sides that are fields of a rule, with what stands between the ends of a range. */
const FIELDS: Readonly<Record<string, readonly [Field, string]>> = {
  "meta iifname": ["inInterface", "-"],
  "meta iif": ["inInterface", "-"],
  "meta oifname": ["outInterface", "-"],
  "meta oif": ["outInterface", "-"],
  "ip saddr": ["source", "-"],
  "ip6 saddr": ["source", "-"],
  "ip daddr": ["destination", "-"],
  "ip6 daddr": ["destination", "-"],
  "ip protocol": ["protocol", "-"],
  "ip6 nexthdr": ["protocol", "-"],
  "meta l4proto": ["protocol", "-"],
  "tcp sport": ["sourcePorts", ":"],
  "udp sport": ["sourcePorts", ":"],
  "sctp sport": ["sourcePorts", ":"],
  "th sport": ["sourcePorts", ":"],
  "tcp dport": ["destinationPorts", ":"],
  "udp dport": ["destinationPorts", ":"],
  "sctp dport": ["destinationPorts", ":"],
  "th dport": ["destinationPorts", ":"],
};

/** Statements that only ask, or count: they are noted by name. nft(8), "STATEMENTS". */
const QUESTIONS: ReadonlySet<string> = new Set(["counter", "limit", "quota", "ct count", "last", "comment"]);

/** Verdicts of maps by the map's name, for `vmap @name`. */
export type MapVerdicts = ReadonlyMap<string, readonly Action[]>;

type Draft = { fields: Partial<Record<Field, Operand>>; names: string[]; options: string[]; actions: Action[] };

/** Reduces a rule of `nft -j list ruleset`. What has no field is named: a match in `names`, a statement as an extension. */
export function readNftRule(rule: JsonObject, maps: MapVerdicts): PacketRule | string {
  const { family, table, chain, handle, comment, expr } = rule;
  if (!Array.isArray(expr)) return "a rule has no list of expressions";
  const draft: Draft = { fields: {}, names: [], options: [], actions: [] };
  for (const expression of expr) takeExpression(expression, draft, maps);
  const words = [`add rule ${wordOf(family)} ${wordOf(table)} ${wordOf(chain)}`, ...expr.map(expressionText)];
  const remark = typeof comment === "string" ? comment : undefined;
  return {
    text: remark === undefined ? words.join(" ") : `${words.join(" ")} comment ${JSON.stringify(remark)}`,
    match: { ...draft.fields, names: draft.names, options: draft.options },
    actions: draft.actions,
    ...(remark === undefined ? {} : { comment: remark }),
    ...(typeof handle === "number" ? { handle } : {}),
  };
}

function takeExpression(expression: unknown, draft: Draft, maps: MapVerdicts): void {
  const [kind, value] = onlyField(expression) ?? [];
  if (kind === "match" && isJsonObject(value)) return takeMatch(value, draft);
  if (kind === "vmap" && isJsonObject(value)) return takeVerdictMap(value, draft, maps);
  if (kind === "xt" && isJsonObject(value) && value["type"] === "match") return void draft.names.push(`xt ${wordOf(value["name"])}`);
  if (kind !== undefined && QUESTIONS.has(kind)) return void draft.names.push(kind);
  draft.actions.push(actionOf(expression));
}

function takeMatch(match: JsonObject, draft: Draft): void {
  const left = leftText(match["left"]);
  const [field, separator] = FIELDS[left] ?? [];
  const values = field === undefined ? undefined : operandValues(match["right"], separator ?? "-");
  const { op } = match;
  const plain = op === "==" || op === "!=" || op === undefined;
  const protocol = /^(tcp|udp|sctp) [sd]port$/.exec(left)?.[1];
  if (protocol !== undefined && draft.fields.protocol === undefined) draft.fields.protocol = { negated: false, values: [protocol] };
  if (field !== undefined && values !== undefined && plain && draft.fields[field] === undefined) {
    draft.fields[field] = { negated: op === "!=", values };
    return;
  }
  draft.names.push(left);
  draft.options.push(expressionText({ match }));
}

function takeVerdictMap(vmap: JsonObject, draft: Draft, maps: MapVerdicts): void {
  draft.names.push(leftText(vmap["key"]));
  const { data } = vmap;
  const named = typeof data === "string" && data.startsWith("@") ? maps.get(data.slice(1)) : undefined;
  draft.actions.push(...(named ?? elementVerdicts(onlyField(data)?.[1]) ?? [missingMap(data)]));
}

function missingMap(data: unknown): Action {
  return { kind: "extension", name: "vmap", options: [JSON.stringify(data) ?? ""] };
}

/** The verdicts of a map's elements, each once; undefined where the elements are not pairs that end in one. */
export function elementVerdicts(elements: unknown): readonly Action[] | undefined {
  if (!Array.isArray(elements)) return undefined;
  const verdicts = new Map<string, Action>();
  for (const element of elements) {
    const verdict: unknown = Array.isArray(element) ? element[1] : undefined;
    if (verdict === undefined) return undefined;
    verdicts.set(JSON.stringify(verdict), actionOf(verdict));
  }
  return [...verdicts.values()];
}

function actionOf(statement: unknown): Action {
  const [kind = "", value] = onlyField(statement) ?? [];
  switch (kind) {
    case "accept":
    case "drop":
    case "reject":
    case "return":
      return { kind };
    case "jump":
    case "goto":
      return jump(kind, value) ?? extension(kind, statement);
    case "xt":
      return isJsonObject(value) ? extension(`xt:${wordOf(value["name"])}`, statement) : extension("xt", statement);
    default:
      return extension(kind === "" ? "expression without a name" : kind, statement);
  }
}

function jump(kind: "jump" | "goto", value: unknown): Action | undefined {
  return isJsonObject(value) && typeof value["target"] === "string" ? { kind, chain: value["target"] } : undefined;
}

function extension(name: string, statement: unknown): Action {
  return { kind: "extension", name, options: [expressionText(statement)] };
}
