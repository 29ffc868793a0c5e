import * as Schema from "effect/Schema"

/**
 * Files of this machine that could not be copied to a guest or from it. `NotReadable`, `NotWritable`: the operating system refused.
 * `AlreadyThere`: it would have been overwritten, or is something else. `UnsafeName`: a name of the guest's that would lead elsewhere
 * here. `Unsupported`: it is no file, directory or symbolic link. `TooLarge`: more than the session's limits allow.
 */
export class LocalFileError extends Schema.TaggedError<LocalFileError>()("LocalFileError", {
  reason: Schema.Literals(["NotReadable", "NotWritable", "AlreadyThere", "UnsafeName", "Unsupported", "TooLarge"]),
  /** On this machine. */
  path: Schema.String,
  message: Schema.String
}) {}

/** Makes an error of what an operation of `node:fs` threw. */
export const fromSystem = (reason: "NotReadable" | "NotWritable", path: string) => (cause: unknown) => {
  if (cause instanceof LocalFileError) return cause
  const verb = reason === "NotReadable" ? "read" : "written"
  const why = cause instanceof Error ? cause.message : String(cause)
  return new LocalFileError({ reason, path, message: `${path} cannot be ${verb}: ${why}` })
}
