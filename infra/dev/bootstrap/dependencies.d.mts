/** See dependencies.mjs. */
export function ensureDependencies(node24: string): Promise<void>;
/** See dependencies.mjs. */
export function dependenciesMatch(root: string): boolean;
