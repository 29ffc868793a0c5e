import * as Schema from "effect/Schema"
import type { FileFault } from "./FileFault.ts"

export const FileErrorCode = Schema.Literals([
  "ENOENT",
  "EEXIST",
  "ENOTDIR",
  "EISDIR",
  "EACCES",
  "ENOTEMPTY",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOSPC",
  "EINVAL"
])
export type FileErrorCode = typeof FileErrorCode.Type

/** Why an operation on a file was refused. The message has the shape of Node's. */
export class FileError extends Schema.TaggedError<FileError>()("FileError", {
  code: FileErrorCode,
  /** As it was asked for, cut if it is too long to be a path; of two paths, the first. */
  path: Schema.String,
  /** The name of the system call, as Node has it. */
  operation: Schema.String,
  message: Schema.String
}) {
  /** What a tree threw. */
  static of({ code, message, operation, path }: FileFault): FileError {
    return new FileError({ code, path, operation, message })
  }
}
