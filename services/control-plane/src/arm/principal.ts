/** Who asks, as the token says. */
export type Principal = {
  readonly tenantId: string;
  /** `oid`: the same person or application in all its tokens of this tenant. */
  readonly objectId: string;
  /** Name for `systemData`: `upn` of a person, application id otherwise. */
  readonly name: string;
  readonly type: "User" | "Application";
};

/** Claims that make a principal; a token without tenant or object is none of ours. */
export function toPrincipal(claims: Readonly<Record<string, unknown>>): Principal | undefined {
  const claim = (name: string): string | undefined => {
    const value = claims[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const tenantId = claim("tid");
  const objectId = claim("oid") ?? claim("sub");
  if (tenantId === undefined || objectId === undefined) return undefined;
  const person = claim("upn") ?? claim("unique_name");
  const type = claim("idtyp") === "user" || (claim("idtyp") === undefined && person !== undefined) ? "User" : "Application";
  return { tenantId, objectId, name: person ?? claim("appid") ?? claim("azp") ?? objectId, type };
}
