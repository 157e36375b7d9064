import { sql, type RawBuilder } from "kysely";
import { Client } from "pg";

/** Where kysely puts it, too: after what a selection begins with. */
const NAMED = /^(?:select (?:distinct on \([^)]*\) )?)?\/\* prepared ([\w-]+) \*\//;

/**
 * Stands in front of a statement that requests send again and again: each connection reads and plans it once instead of every time. The same name is the
 * same text (the driver refuses another). Its columns are named, never `*`: a statement whose columns a later process's migration changes would be refused
 * for as long as its connection lives.
 */
export function prepared(name: string): RawBuilder<unknown> {
  return sql.raw(`/* prepared ${name} */`);
}

class Preparing extends Client {
  // Whatever of the driver's many signatures it is called by.
  override query(...given: never[]): never {
    const [text, values, ...rest] = given as unknown[];
    const name = typeof text === "string" && Array.isArray(values) ? NAMED.exec(text)?.[1] : undefined;
    const sent = name === undefined ? given : [{ name, text, values }, ...rest];
    return super.query(...(sent as [string])) as never;
  }
}

/** A connection that keeps statements that begin with `prepared(…)`; all others go as they come, since nothing bounds how many there are. */
export const PreparingClient: typeof Client = Preparing;
