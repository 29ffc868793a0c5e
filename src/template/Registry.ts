/** The templates of a directory: one file each, which is named like its template. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { suggest } from "../policy/document/Suggestion.ts"
import { NotReadable, templateFailed, Unknown } from "./TemplateError.ts"
import * as TemplateFile from "./TemplateFile.ts"

const suffix = ".yaml"

/** The names of all templates, in order; whether their files can be used is seen when they are read. */
export const names = Effect.fn("Registry.names")(function* (directory: string) {
  const files = yield* FileSystem.FileSystem
  const found = yield* Effect.mapError(files.readDirectory(directory), ({ message }) =>
    templateFailed(new NotReadable({ file: directory, detail: message }))
  )
  return found
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .sort()
})

const unknown = (name: string, known: ReadonlyArray<string>) => {
  const suggestion = suggest(name, known)
  return templateFailed(new Unknown({ name, known, ...(suggestion === undefined ? {} : { suggestion }) }))
}

/** Reads the template of a name. */
export const find = Effect.fn("Registry.find")(function* (directory: string, name: string) {
  const known = yield* names(directory)
  if (!known.includes(name)) return yield* unknown(name, known)
  return yield* TemplateFile.read(`${directory}/${name}${suffix}`, name)
})

/** The names in several directories, in order. */
export const namesIn = Effect.fn("Registry.namesIn")(function* (directories: ReadonlyArray<string>) {
  const found = yield* Effect.forEach(directories, names)
  return [...new Set(found.flat())].sort()
})

/** Reads the template of a name from the first directory that has one. */
export const findIn = Effect.fn("Registry.findIn")(function* (directories: ReadonlyArray<string>, name: string) {
  for (const directory of directories) {
    if ((yield* names(directory)).includes(name)) return yield* find(directory, name)
  }
  return yield* unknown(name, yield* namesIn(directories))
})
