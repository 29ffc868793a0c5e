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

/** Reads the template of a name. */
export const find = Effect.fn("Registry.find")(function* (directory: string, name: string) {
  const known = yield* names(directory)
  if (!known.includes(name)) {
    const suggestion = suggest(name, known)
    return yield* templateFailed(new Unknown({ name, known, ...(suggestion === undefined ? {} : { suggestion }) }))
  }
  const file = `${directory}/${name}${suffix}`
  const template = yield* TemplateFile.read(file)
  if (template.name === name) return template
  const detail = `it is a template of the name ${template.name}`
  return yield* templateFailed(new NotReadable({ file, detail }))
})
