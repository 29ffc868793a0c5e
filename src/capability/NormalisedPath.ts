import * as Result from "effect/Result"

/** The segments of an absolute path in which `.`, `..` and repeated slashes are resolved. */
export type NormalisedPath = ReadonlyArray<string>

const lengthMax = 4_096

const looksLikeSyntax = /[/\\.%]/

/** Whether a later reader that decodes or normalises the text might see other separators or dots in it. */
const isAmbiguous = (text: string): boolean =>
  [...text].some((character) => character > "\u007f" && looksLikeSyntax.test(character.normalize("NFKC")))

/**
 * Reads a path by its text alone; no file system is asked, so symbolic links are the business of whoever opens it.
 *
 * Refused, with the reason: relative paths, paths that leave the root or have more than 4 096 characters, and every text that another reader might take for another
 * path: with percent-encodings, backslashes, NUL and other control characters, unpaired surrogates, or characters that
 * compatibility normalisation turns into separators or dots.
 */
export const parse = (text: string): Result.Result<NormalisedPath, string> => {
  if (text.length > lengthMax) return Result.fail(`a path has at most ${lengthMax} characters`)
  if (!text.startsWith("/")) return Result.fail("an absolute path begins with /")
  if (/\p{Cc}/u.test(text)) return Result.fail("a path has no control characters")
  if (text.includes("\\")) return Result.fail("a path has no backslashes")
  if (/%[0-9A-Fa-f]{2}/.test(text)) return Result.fail("a path has no percent-encodings")
  if (!text.isWellFormed() || isAmbiguous(text))
    return Result.fail("a path has no characters that look like separators or dots")
  const segments: Array<string> = []
  for (const segment of text.split("/")) {
    if (segment === "" || segment === ".") continue
    if (segment !== "..") segments.push(segment)
    else if (segments.pop() === undefined) return Result.fail("a path does not leave the root")
  }
  return Result.succeed(segments)
}

/** Whether a path is the folder, or is below it. */
export const isWithin = (path: NormalisedPath, folder: NormalisedPath): boolean =>
  folder.every((segment, index) => path[index] === segment)
