import * as Schema from "effect/Schema"
import { Position } from "../guest/interpreter/Interpreter.ts"

/** Where a guest stands, as far as its host has to know to go on with it: what a template's warm-up and every snapshot say. */
export const Standing = Schema.Struct({
  /** Of the last connection to the agent. The next one needs another. */
  epoch: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 })),
  interpreter: Position
})
export type Standing = typeof Standing.Type
