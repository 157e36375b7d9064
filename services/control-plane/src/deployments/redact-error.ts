import type { DeploymentError } from "@hostrouting/domain";
import type { JsonPath, ResolvedBody } from "@hostrouting/template";

const HIDDEN = "*******";

function textAt(body: unknown, path: JsonPath): readonly string[] {
  const value = path.reduce((at: unknown, part) => (at as Readonly<Record<string | number, unknown>> | undefined | null)?.[part], body);
  return textsIn(value);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** An error of a request without the secrets that were in its body: whoever refuses a value may repeat it. */
export function redactError(error: DeploymentError, { body, securePaths }: ResolvedBody): DeploymentError {
  // The longest first: one may be part of another.
  const secrets = securePaths.flatMap((path) => textAt(body, path)).toSorted((a, b) => b.length - a.length);
  if (secrets.length === 0) return error;
  const clean = (text: string): string => secrets.reduce((said, secret) => said.replaceAll(secret, HIDDEN), text);
  const redact = (one: DeploymentError): DeploymentError => ({
    ...one,
    message: clean(one.message),
    ...(one.details && { details: one.details.map(redact) }),
  });
  return redact(error);
}
