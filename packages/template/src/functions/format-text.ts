import type { JsonValue } from "../json-value.ts";
import { requireLength } from "../value-weight.ts";
import { callFault, type FunctionCall, textOf } from "./function-call.ts";
import { valueText } from "./value-text.ts";

const ITEM = /\{\{|\}\}|\{(\d{1,3})(?:,(-?\d{1,4}))?(?::([^{}]*))?\}|[{}]/g;
/** Digits that .NET's precision may ask for; more than any number has. */
const PRECISION_MAX = 99;

/** `format()`: .NET's composite formatting with index, alignment, and of numeric formats D, X, N, F. Throws TemplateFault. */
export function formatText(call: FunctionCall): string {
  const format = textOf(call, 0);
  let out = "";
  let from = 0;
  for (const found of format.matchAll(ITEM)) {
    const [token, index, alignment, specifier] = found;
    out += format.slice(from, found.index);
    from = found.index + token.length;
    if (token === "{{" || token === "}}") out += token.charAt(0);
    else if (index === undefined) throw callFault(call.name, `cannot read its format string at character ${found.index}`);
    else {
      const value = call.args[Number(index) + 1];
      if (value === undefined) throw callFault(call.name, `has no argument for {${index}} of its format string`);
      out += aligned(specifier === undefined ? valueText(value) : formatted(call, value, specifier), Number(alignment ?? 0));
    }
    requireLength(out.length);
  }
  return out + format.slice(from);
}

function aligned(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width);
}

function formatted(call: FunctionCall, value: JsonValue, specifier: string): string {
  // .NET formats numbers only; to others the specifier says nothing
  if (typeof value !== "number") return valueText(value);
  const [, kind = "", digits = ""] = /^([DdXxNnFfGg])(\d{0,2})$/.exec(specifier) ?? [];
  const precision = digits === "" ? undefined : Math.min(Number(digits), PRECISION_MAX);
  switch (kind.toUpperCase()) {
    case "D":
      return signed(value, String(Math.abs(Math.trunc(value))).padStart(precision ?? 0, "0"));
    case "X": {
      const hex = BigInt.asUintN(value < 0 ? 64 : 53, BigInt(Math.trunc(value))).toString(16);
      return (kind === "X" ? hex.toUpperCase() : hex).padStart(precision ?? 0, "0");
    }
    case "F":
      return value.toFixed(precision ?? 2);
    case "N":
      return value.toLocaleString("en-US", { minimumFractionDigits: precision ?? 2, maximumFractionDigits: precision ?? 2 });
    case "G":
      return String(value);
    default:
      throw callFault(call.name, `does not know the format of {0:${specifier.slice(0, 20)}}; D, F, G, N and X are known`);
  }
}

function signed(value: number, text: string): string {
  return value < 0 ? `-${text}` : text;
}
