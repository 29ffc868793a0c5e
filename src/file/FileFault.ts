/**
 * How an operation on files fails. Inside of a tree a check throws a `Refusal`, which knows neither the operation nor the path that
 * was asked for; the operation makes a `FileFault` of it; who sends that to another thread or to a caller makes a `FileError`.
 */
import type { FileErrorCode } from "./FileError.ts"

const meanings = {
  ENOENT: "no such file or directory",
  EEXIST: "file already exists",
  ENOTDIR: "not a directory",
  EISDIR: "illegal operation on a directory",
  EACCES: "permission denied",
  ENOTEMPTY: "directory not empty",
  ELOOP: "too many symbolic links encountered",
  ENAMETOOLONG: "name too long",
  ENOSPC: "no space left on device",
  EINVAL: "invalid argument"
} as const satisfies Record<FileErrorCode, string>

/** Thrown by a check that does not know what it is a part of. */
export class Refusal {
  readonly code: FileErrorCode
  readonly detail: string | undefined

  constructor(code: FileErrorCode, detail?: string) {
    this.code = code
    this.detail = detail
  }
}

const pathCharactersShown = 1_024

const shown = (path: string): string =>
  (path.length > pathCharactersShown ? `${path.slice(0, pathCharactersShown)}...` : path).toWellFormed()

/** Thrown by every operation of a file tree that is refused. */
export class FileFault extends Error {
  override readonly name = "FileFault"
  readonly code: FileErrorCode
  readonly operation: string
  readonly path: string

  constructor({ code, detail }: Refusal, operation: string, path: string, otherPath?: string) {
    const because = detail === undefined ? "" : `: ${detail}`
    const to = otherPath === undefined ? "" : ` -> '${shown(otherPath)}'`
    super(`${code}: ${meanings[code]}${because}, ${operation} '${shown(path)}'${to}`)
    this.code = code
    this.operation = operation
    this.path = shown(path)
  }
}
