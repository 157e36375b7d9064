/** Wire types and validators, all generated: the ARM surface from `api/`, the custom resources from `infra/k8s/crds`. */
export type * from "./custom-resources.gen.ts";
export type { components as ArmComponents, operations as ArmOperations } from "./arm.gen.ts";
export { armDocument } from "./arm-schemas.gen.ts";
export { readManagedClusterRequest, type ManagedClusterRequest, type RequestProblem } from "./managed-cluster-request.ts";
