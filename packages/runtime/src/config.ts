/** One setting: where it is read from, how it is read, and what to say when it is missing or wrong. */
export type Setting<T> = { readonly env: string; readonly parse: (text: string) => T; readonly fallback?: T; readonly secret?: boolean };

/** A configuration error: one sentence that names the variable, never its value. */
export class ConfigError extends Error {}

/**
 * Reads every setting once and freezes the result. Values are never part of a message.
 * @throws ConfigError listing all that is missing or cannot be read.
 */
export function readConfig<S extends Record<string, Setting<unknown>>>(
  settings: S,
  env: Readonly<Record<string, string | undefined>>,
): { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = env[setting.env];
    if (text === undefined || text === "") {
      if ("fallback" in setting) values[name] = setting.fallback;
      else problems.push(`${setting.env} is not set`);
      continue;
    }
    try {
      values[name] = setting.parse(text);
    } catch (error) {
      problems.push(`${setting.env} ${error instanceof Error ? error.message : "cannot be read"}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(`Configuration: ${problems.join("; ")}.`);
  return Object.freeze(values) as never;
}

/** Any text. */
export const text = (value: string): string => value;

/** A whole number between two bounds, both allowed. */
export function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) throw new Error(`must be a whole number from ${min} to ${max}`);
    return number;
  };
}

/** One of a few words. */
export function oneOf<const T extends readonly string[]>(...words: T): (value: string) => T[number] {
  return (value) => {
    if (!words.includes(value)) throw new Error(`must be one of ${words.join(", ")}`);
    return value as T[number];
  };
}

/** An absolute URL. */
export function url(value: string): string {
  if (!URL.canParse(value)) throw new Error("must be an absolute URL");
  return value;
}
