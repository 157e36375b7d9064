import type { Expression } from "./expression.ts";
import { EXPRESSION_CHARS_MAX, EXPRESSION_DEPTH_MAX } from "./limits.ts";

/** A tree, or what is wrong at which character (from 0) of the text. */
export type ParsedExpression =
  | { readonly kind: "parsed"; readonly expression: Expression }
  | { readonly kind: "refused"; readonly message: string; readonly position: number };

type Cursor = { readonly text: string; at: number };

class SyntaxFault extends Error {}

/**
 * Reads an expression without its outer brackets: `call = ident('.'ident)? '(' args? ')'`, literals, and `.ident`, `[expr]` behind them. Function names keep their case.
 * Source: "Syntax and expressions in ARM templates".
 */
export function parseExpression(text: string): ParsedExpression {
  const cursor: Cursor = { text, at: 0 };
  try {
    if (text.length > EXPRESSION_CHARS_MAX)
      throw new SyntaxFault(`the expression has ${text.length} characters, at most ${EXPRESSION_CHARS_MAX} are allowed`);
    const expression = readExpression(cursor, 0);
    skipSpace(cursor);
    if (cursor.at < text.length) throw unexpected(cursor);
    return { kind: "parsed", expression };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return { kind: "refused", message: error.message, position: cursor.at };
  }
}

function readExpression(cursor: Cursor, depth: number): Expression {
  if (depth > EXPRESSION_DEPTH_MAX) throw new SyntaxFault(`more than ${EXPRESSION_DEPTH_MAX} calls are within each other`);
  let expression = readOperand(cursor, depth);
  let links = 0;
  for (;;) {
    skipSpace(cursor);
    const char = cursor.text[cursor.at];
    if (char !== "." && char !== "[") return expression;
    if (++links > EXPRESSION_DEPTH_MAX) throw new SyntaxFault(`more than ${EXPRESSION_DEPTH_MAX} members follow each other`);
    cursor.at++;
    if (char === ".") {
      expression = { kind: "member", of: expression, name: readName(cursor) };
    } else {
      expression = { kind: "index", of: expression, at: readExpression(cursor, depth + 1) };
      expect(cursor, "]");
    }
  }
}

const NUMBER = /-?\d+(\.\d+)?(?![\w$])/y;
const NAME = /[A-Za-z_$][\w$]*/y;
const SPACE = /\s*/y;

function readOperand(cursor: Cursor, depth: number): Expression {
  skipSpace(cursor);
  if (cursor.text[cursor.at] === "'") return { kind: "string", value: readLiteral(cursor) };
  const number = match(cursor, NUMBER);
  if (number !== undefined) {
    const value = Number(number);
    if (!Number.isSafeInteger(value) && !number.includes(".")) throw new SyntaxFault(`the number ${number} is too large`);
    return { kind: "number", value: value === 0 ? 0 : value };
  }
  const first = readName(cursor);
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== ".") return { kind: "call", name: first, args: readArguments(cursor, depth) };
  cursor.at++;
  return { kind: "call", namespace: first, name: readName(cursor), args: readArguments(cursor, depth) };
}

function readArguments(cursor: Cursor, depth: number): Expression[] {
  expect(cursor, "(");
  skipSpace(cursor);
  const args: Expression[] = [];
  if (cursor.text[cursor.at] !== ")") {
    args.push(readExpression(cursor, depth + 1));
    while ((skipSpace(cursor), cursor.text[cursor.at] === ",")) {
      cursor.at++;
      args.push(readExpression(cursor, depth + 1));
    }
  }
  expect(cursor, ")");
  return args;
}

function readLiteral(cursor: Cursor): string {
  const { text } = cursor;
  let from = cursor.at + 1;
  let value = "";
  for (;;) {
    const end = text.indexOf("'", from);
    if (end < 0) throw new SyntaxFault("the string literal has no closing quote");
    value += text.slice(from, end);
    cursor.at = end + 1;
    if (text[end + 1] !== "'") return value;
    value += "'";
    from = end + 2;
  }
}

function readName(cursor: Cursor): string {
  skipSpace(cursor);
  const name = match(cursor, NAME);
  if (name === undefined) throw unexpected(cursor);
  return name;
}

function expect(cursor: Cursor, char: string): void {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== char) throw unexpected(cursor, char);
  cursor.at++;
}

function unexpected(cursor: Cursor, wanted?: string): SyntaxFault {
  const { text, at } = cursor;
  const found = at < text.length ? `'${text[at]}' is not expected` : "the expression ends too early";
  return new SyntaxFault(wanted === undefined ? found : `${found}, '${wanted}' is`);
}

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

function skipSpace(cursor: Cursor): void {
  match(cursor, SPACE);
}
