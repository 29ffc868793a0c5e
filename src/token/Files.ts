/** Which files may be read and written: folders, each with everything below it. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as NormalisedPath from "../capability/NormalisedPath.ts"

/** The most folders in one list. */
const foldersMax = 64

const normalise = (text: string): Result.Result<string, string> =>
  Result.map(NormalisedPath.parse(text), (path) => `/${path.join("/")}`)

const Folder = Schema.String.annotate({ message: "expected an absolute path" })
  .check(
    Schema.makeFilter((text: string) => {
      const path = normalise(text)
      return Result.isSuccess(path) ? undefined : path.failure
    })
  )
  .pipe(
    Schema.decodeTo(Schema.String, {
      decode: SchemaGetter.transform((text: string) => Result.getOrThrow(normalise(text))),
      encode: SchemaGetter.passthrough()
    })
  )

const Folders = Schema.Array(Folder)
  .annotate({ message: "expected a list of absolute paths" })
  .check(Schema.isMaxLength(foldersMax, { message: `expected at most ${foldersMax} paths` }))

/** Absolute folders, or single files, that may be read and written. A list that is left out allows nothing. */
export const Files = Schema.Struct({ read: Schema.optionalKey(Folders), write: Schema.optionalKey(Folders) }).annotate({
  message: "expected an object with read and write",
  messageUnexpectedKey: "is neither read nor write"
})
export type Files = typeof Files.Type

const isBelow = (path: string, folder: string): boolean =>
  folder === "/" || path === folder || path.startsWith(`${folder}/`)

/** Whether a path is one of the folders or below one. What has no normalised form is not. */
export const isWithin = (path: string, folders: ReadonlyArray<string>): boolean => {
  const normalised = normalise(path)
  return Result.isSuccess(normalised) && folders.some((folder) => isBelow(normalised.success, folder))
}

/** The folders in which what lies is in both lists. */
export const intersect = (left: ReadonlyArray<string>, right: ReadonlyArray<string>): ReadonlyArray<string> => {
  const inBoth = [
    ...left.filter((folder) => right.some((other) => isBelow(folder, other))),
    ...right.filter((folder) => left.some((other) => isBelow(folder, other)))
  ]
  return [...new Set(inBoth)]
}
