import { secret as again } from "./index.ts";

export const secret = (): unknown => again;
