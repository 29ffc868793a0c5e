/**
 * Lets a tools module import this package, and Effect, wherever it lies: in a folder without a `node_modules`, they are those of
 * the command itself. What the module has installed comes first.
 */
import { registerHooks } from "node:module"
import * as Predicate from "effect/Predicate"

const ours = /^(caisson|effect)($|\/)/

const isMissing = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") && cause.code === "ERR_MODULE_NOT_FOUND"

/** From now on, in this process. */
export const lend = (): void => {
  registerHooks({
    resolve: (specifier, context, next) => {
      try {
        return next(specifier, context)
      } catch (cause) {
        if (!ours.test(specifier) || !isMissing(cause)) throw cause
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    }
  })
}
