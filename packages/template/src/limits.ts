/** Characters of one expression: Azure Resource Manager's limit ("Understand the structure and syntax of ARM templates", "Template limits"). */
export const EXPRESSION_CHARS_MAX = 24_576;
/** Brackets within brackets in a template or value. A nested deployment costs five; five of them, the most that Azure allows, leave room. */
export const JSON_DEPTH_MAX = 128;
/** Calls within calls in the text of one expression; people write ten. */
export const EXPRESSION_DEPTH_MAX = 64;
