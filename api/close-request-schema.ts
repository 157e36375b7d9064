/** A JSON schema as it stands in an OpenAPI 3.1 document. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | null)[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly unevaluatedProperties?: Schema | boolean;
  readonly readOnly?: boolean;
  readonly format?: string;
};

const REF_PREFIX = "#/components/schemas/";

function closeUnion(alternatives: readonly Schema[]): Schema {
  const flat = alternatives.flatMap((alternative) => alternative.anyOf ?? [alternative]);
  const nullable = flat.some((alternative) => alternative.type === "null");
  const words = flat.some((alternative) => alternative.enum !== undefined);
  const kept = flat.filter((alternative) => alternative.type !== "null" && !(words && alternative.enum === undefined));
  const [only] = kept;
  if (only === undefined || kept.length !== 1) return { anyOf: flat };
  if (!nullable) return only;
  return { ...only, type: [only.type as string, "null"], ...(only.enum && { enum: [...only.enum, null] }) };
}

/**
 * The schema that a request body is held to: without references, with open unions closed to the words that are known,
 * with `T | null` as one schema (so that a validator reports one fault, not one per alternative), and with members that are
 * read-only reduced to that mark: whatever a client sends there is dropped, not judged.
 * @param schema must not refer to itself.
 */
export function closeRequestSchema(schema: Schema, components: Readonly<Record<string, Schema>>): Schema {
  const close = (part: Schema): Schema => {
    if (part.readOnly === true) return { readOnly: true };
    if (part.$ref !== undefined) {
      const target = components[part.$ref.slice(REF_PREFIX.length)];
      if (target === undefined) throw new Error(`${part.$ref} is not in the document`);
      return close(target);
    }
    if (part.anyOf !== undefined) return closeUnion(part.anyOf.map(close));
    const rest = part.unevaluatedProperties ?? part.additionalProperties;
    return {
      ...(part.type !== undefined && { type: part.type }),
      ...(part.enum && { enum: part.enum }),
      ...(part.format !== undefined && { format: part.format }),
      ...(part.properties && {
        properties: Object.fromEntries(Object.entries(part.properties).map(([name, member]) => [name, close(member)])),
      }),
      ...(part.required && { required: part.required }),
      ...(part.items && { items: close(part.items) }),
      ...(typeof rest === "object" && Object.keys(rest).length > 0 && { additionalProperties: close(rest) }),
    };
  };
  return close(schema);
}
