/** Anything that JSON can say. Values are never changed once they are made: evaluated templates share parts with the template. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. Members are read with `memberOf`, which ignores case as Azure Resource Manager does and knows no inherited ones. */
export type JsonObject = { readonly [member: string]: JsonValue };
