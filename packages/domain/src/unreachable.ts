/** Ends an exhaustive `switch`: the compiler refuses a case that is missing, and a value from outside is named at run time. */
export function unreachable(value: never): never {
  throw new Error(`Unexpected value ${JSON.stringify(value)}`);
}
