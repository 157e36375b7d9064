import { CompiledQuery, sql, type Kysely, type RawBuilder } from "kysely";
import { Client, Query, type QueryResult } from "pg";
import type { Tables } from "./tables.ts";

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

/** Stands in a statement for a value that it is sent with. */
class Place {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Sends a statement with these values. @returns its rows. */
export type Statement<Values, Row> = (db: Kysely<Tables>, values: Values) => Promise<readonly Row[]>;

/**
 * A prepared statement that the process writes out once: putting a text together anew costs as much as the driver's whole part of a request.
 * @param name of `prepared`.
 * @param build puts the values into the text. It is given places in their stead, and cannot look at what they are.
 */
export function statement<Values extends Readonly<Record<string, unknown>>, Row>(
  name: string,
  build: (places: Values) => RawBuilder<Row>,
): Statement<Values, Row> {
  const places = new Proxy({} as Values, { get: (_, key) => new Place(String(key)) });
  let text: CompiledQuery<Row> | undefined;
  return async (db, values) => {
    const { sql: written, parameters } = (text ??= sql<Row>`${prepared(name)} ${build(places)}`.compile(db));
    const sent = parameters.map((one) => (one instanceof Place ? values[one.name] : one));
    return (await db.executeQuery(CompiledQuery.raw(written, sent) as CompiledQuery<Row>)).rows;
  };
}

class Preparing extends Client {
  // Whatever of the driver's many signatures it is called by.
  override query(...given: never[]): never {
    const [text, values] = given as unknown[];
    const name = typeof text === "string" && Array.isArray(values) && given.length === 2 ? NAMED.exec(text)?.[1] : undefined;
    if (name === undefined) return super.query(...(given as unknown as [string])) as never;
    return this.#prepare(name, text as string, values as unknown[]) as never;
  }

  /** As the driver does it itself for an object with a name, of which it would make a copy that costs more than all that is done with it. */
  #prepare(name: string, text: string, values: unknown[]): Promise<QueryResult> {
    return new Promise((resolve, reject) => {
      const query = new Query(text, values, (error, result) => (error ? reject(error) : resolve(result)));
      super.query(Object.assign(query, { name }));
    });
  }
}

/** A connection that keeps statements that begin with `prepared(…)`; all others go as they come, since nothing bounds how many there are. */
export const PreparingClient: typeof Client = Preparing;
