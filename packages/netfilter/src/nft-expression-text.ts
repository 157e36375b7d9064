import { isJsonObject, onlyField, wordOf } from "./json-shape.ts";
import { operandValues } from "./nft-operand.ts";

/** An expression or statement in words near to those of nft(8), without counters, whose numbers change with every packet. */
export function expressionText(expression: unknown): string {
  const [kind, value] = onlyField(expression) ?? [];
  if (kind === undefined) return JSON.stringify(expression) ?? "";
  if (kind === "counter") return typeof value === "string" ? `counter name ${value}` : "counter";
  if (kind === "match" && isJsonObject(value)) return matchText(value);
  if ((kind === "jump" || kind === "goto") && isJsonObject(value)) return `${kind} ${wordOf(value["target"])}`;
  if (kind === "xt" && isJsonObject(value)) return `xt ${wordOf(value["type"])} ${wordOf(value["name"])}`;
  if (kind === "vmap" && isJsonObject(value)) return `${leftText(value["key"])} vmap ${rightText(value["data"])}`;
  return value === null ? kind : `${kind} ${JSON.stringify(value)}`;
}

function matchText(match: Readonly<Record<string, unknown>>): string {
  const op = typeof match["op"] === "string" ? match["op"] : "==";
  const sign = op === "==" || op === "in" ? "" : `${op} `;
  return `${leftText(match["left"])} ${sign}${rightText(match["right"])}`;
}

/** The left side of a comparison: `ip saddr`, `meta iifname`, `ct state`; others as JSON. */
export function leftText(left: unknown): string {
  const [kind, value] = onlyField(left) ?? [];
  if (kind === undefined || !isJsonObject(value)) return JSON.stringify(left) ?? "";
  const { protocol, field, key, ...more } = value;
  if (Object.keys(more).length > 0) return JSON.stringify(left);
  if (kind === "payload" && typeof protocol === "string" && typeof field === "string") return `${protocol} ${field}`;
  return typeof key === "string" && protocol === undefined && field === undefined ? `${kind} ${key}` : JSON.stringify(left);
}

function rightText(right: unknown): string {
  const values = operandValues(right, "-");
  if (values === undefined) return JSON.stringify(right) ?? "";
  return values.length === 1 ? (values[0] ?? "") : `{ ${values.join(", ")} }`;
}
