import * as Result from "effect/Result"
import { Refusal } from "./FileFault.ts"

/**
 * The text of a path, read. `.` and repeated slashes are gone; `..` is kept, since what it leads to depends on whether the segment
 * before it is a symbolic link. Whether it leaves the root shows when it is walked.
 */
export interface FilePath {
  readonly isAbsolute: boolean
  readonly segments: ReadonlyArray<string>
  /** It ended in a slash or a dot: what it names is a directory or nothing. */
  readonly mustBeDirectory: boolean
}

export const pathBytesMax = 4_096
export const segmentBytesMax = 255

const isTooLong = (text: string, bytesMax: number): boolean =>
  text.length > bytesMax || Buffer.byteLength(text) > bytesMax

/** Whether a text can be the name of an entry in a directory. */
export const isName = (text: string): boolean =>
  !/^\.{0,2}$/.test(text) && !/[/\0]/.test(text) && text.isWellFormed() && !isTooLong(text, segmentBytesMax)

/** Reads a path or the target of a symbolic link as it is. */
export const read = (text: string): Result.Result<FilePath, Refusal> => {
  if (text === "") return Result.fail(new Refusal("ENOENT", "the path is empty"))
  if (isTooLong(text, pathBytesMax)) {
    return Result.fail(new Refusal("ENAMETOOLONG", `a path has at most ${pathBytesMax} bytes`))
  }
  if (text.includes("\0")) return Result.fail(new Refusal("EINVAL", "a path has no NUL"))
  if (!text.isWellFormed()) return Result.fail(new Refusal("EINVAL", "a path is well-formed Unicode"))
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== ".")
  if (segments.some((segment) => isTooLong(segment, segmentBytesMax))) {
    return Result.fail(new Refusal("ENAMETOOLONG", `a name has at most ${segmentBytesMax} bytes`))
  }
  return Result.succeed({
    isAbsolute: text.startsWith("/"),
    segments,
    mustBeDirectory: /(^|\/)\.{0,2}$/.test(text)
  })
}

/** Reads a path; a relative one begins at the directory, which is absolute. */
export const parse = (text: string, directory = "/"): Result.Result<FilePath, Refusal> =>
  Result.flatMap(read(text), (path) => {
    if (path.isAbsolute) return Result.succeed(path)
    return Result.map(read(directory), ({ segments }) => ({
      ...path,
      isAbsolute: true,
      segments: [...segments, ...path.segments]
    }))
  })

/** What a path would be if no segment of it were a symbolic link. */
export const lexical = ({ segments }: FilePath): string => {
  const left: Array<string> = []
  for (const segment of segments) {
    if (segment === "..") left.pop()
    else left.push(segment)
  }
  return `/${left.join("/")}`
}

/** The path of an entry in a directory. */
export const join = (directory: string, name: string): string =>
  directory === "/" || name === "" ? `${directory}${name}` : `${directory}/${name}`
