import * as Inspectable from "effect/Inspectable"

/** Stands for something of a guest that could not leave it: a function, a symbol, a promise, a cycle. */
export class Opaque {
  /** What the guest says it was, such as `[Function f]`. */
  readonly description: string

  constructor(description: string) {
    this.description = description
  }

  [Inspectable.NodeInspectSymbol](): string {
    return this.description
  }
}
