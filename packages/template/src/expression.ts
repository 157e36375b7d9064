/** The syntax tree of one expression of the template language (what stands between `[` and `]`). */
export type Expression =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  /** `name` as it was written; `namespace` for functions of the template's own. */
  | { readonly kind: "call"; readonly namespace?: string; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "member"; readonly of: Expression; readonly name: string }
  | { readonly kind: "index"; readonly of: Expression; readonly at: Expression };

/** Writes an expression down; parsing it again gives the same tree. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case "string":
      return `'${expression.value.replaceAll("'", "''")}'`;
    case "number":
      return String(expression.value);
    case "call": {
      const name = expression.namespace === undefined ? expression.name : `${expression.namespace}.${expression.name}`;
      return `${name}(${expression.args.map(printExpression).join(", ")})`;
    }
    case "member":
      return `${printExpression(expression.of)}.${expression.name}`;
    case "index":
      return `${printExpression(expression.of)}[${printExpression(expression.at)}]`;
  }
}

/** Whether a string of a template is an expression: it is all within brackets, and the first is not doubled. */
export function isExpression(text: string): boolean {
  return text.startsWith("[") && text.endsWith("]") && !text.startsWith("[[") && text.length > 1;
}

/** What a string that is no expression says: of two brackets at the start that stand for one, where one at the end closes them. */
export function unescapeLiteral(text: string): string {
  return text.startsWith("[[") && text.endsWith("]") ? text.slice(1) : text;
}
