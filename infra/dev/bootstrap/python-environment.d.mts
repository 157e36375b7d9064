/** See python-environment.mjs. */
export function pythonEnvironment(name: string): string;
/** See python-environment.mjs. */
export function ensurePythonEnvironment(name: string): Promise<string>;
/** See python-environment.mjs. */
export function isComplete(folder: string): boolean;
