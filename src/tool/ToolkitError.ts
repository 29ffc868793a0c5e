import * as Schema from "effect/Schema"

/**
 * A tool that cannot be in a toolkit.
 *
 * `InvalidName` and `ReservedName`: see `ToolName.parse`. `NameCollision`: another tool's name is the same, is a namespace of
 * this one or the reverse, or becomes the same identifier with `_` for dots. `InvalidSchema`: a schema has no JSON form, or
 * says what cannot be enforced. `NotAnObject`: the input is not a schema of objects.
 */
export class ToolkitError extends Schema.TaggedError<ToolkitError>()("ToolkitError", {
  tool: Schema.String,
  reason: Schema.Literals(["InvalidName", "ReservedName", "NameCollision", "InvalidSchema", "NotAnObject"]),
  detail: Schema.String
}) {
  override get message() {
    return `tool ${JSON.stringify(this.tool)} refused (${this.reason}): ${this.detail}`
  }
}
