/** Azure Resource Manager's limits of one template ("Understand the structure and syntax of ARM templates", "Template limits"). */
export const RESOURCES_MAX = 800;
/** Parameters of one template. */
export const PARAMETERS_MAX = 256;
/** Variables of one template. */
export const VARIABLES_MAX = 256;
/** Outputs of one template. */
export const OUTPUTS_MAX = 64;
/** Characters of one expression. */
export const EXPRESSION_CHARS_MAX = 24_576;
/** 4 MiB: the longest string of a template, in characters, as the template itself may be ("Template limits"). */
export const STRING_CHARS_MAX = 4 * 1024 * 1024;
/** About the bytes that one value may take in memory: 4 MiB of text whose parts are four characters long on average cost three times as much. */
export const VALUE_WEIGHT_MAX = 16 * 1024 * 1024;
/** Brackets within brackets in a template or value. A nested deployment costs five; five of them, the most that Azure allows, leave room. */
export const JSON_DEPTH_MAX = 128;
/** Calls within calls in the text of one expression; people write ten. */
export const EXPRESSION_DEPTH_MAX = 64;
/** Calls and brackets within each other while evaluating, through variables and default values; the stack has room for twice as many. */
export const EVALUATION_DEPTH_MAX = 400;
/** Calls, parts of values, and each 64 of their bytes that a plan with its nested deployments may cost: one to two seconds, in which nothing else is answered. 800 resources of a dozen expressions cost a seventh. */
export const EVALUATION_STEPS_MAX = 2_000_000;
/** Rounds of one loop ("Resource iteration in ARM templates", "Copy limits"). */
export const COPY_COUNT_MAX = 800;
/** What `range()` may give at most ("Array functions for ARM templates"). */
export const RANGE_MAX = 10_000;
/** Problems that are told; who has more has seen enough. */
export const PROBLEMS_MAX = 100;
