/** What Azure Resource Manager says of a template that it cannot use; all of them are 400. */
export type TemplateProblemCode = "InvalidTemplate" | "InvalidRequestContent" | "InvalidDeploymentParameterValue";

/** One thing that is wrong with a template or its parameters. No value of a secure parameter is ever in it. */
export type TemplateProblem = {
  readonly code: TemplateProblemCode;
  /** A sentence as Azure Resource Manager writes it: "Deployment template validation failed: '…'." */
  readonly message: string;
  /** Where: `resources[2].properties.x`, `parameters.y`; in a nested deployment behind that of the deployment. Empty: the whole. */
  readonly path: string;
};

/** A problem of the template, in the frame that Azure Resource Manager puts around what the template engine says. */
export function invalidTemplate(path: string, what: string): TemplateProblem {
  return { code: "InvalidTemplate", message: `Deployment template validation failed: '${what}'.`, path };
}
