/** A value of a template cannot be found; the message is for whoever wrote the template, and holds no value. Never leaves the package. */
export class TemplateFault extends Error {}

/** A value cannot be found because another cannot, of which is told where that stands. */
export class Consequence extends TemplateFault {}

/** The template costs more than any may: nothing further of it is evaluated. */
export class TemplateExhausted extends TemplateFault {}

/** A value can be known only at run time. */
export class Deferred extends Error {
  /** Thrown for each such expression: the trace of the stack, which nobody reads, would cost more than the evaluation. */
  static readonly instance: Deferred = new Deferred();
}
