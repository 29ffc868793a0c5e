/** The templates of a directory: one file each, which is named like its template. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as FileText from "../policy/document/FileText.ts"
import { suggest } from "../policy/document/Suggestion.ts"
import { NotReadable, templateFailed, Unknown } from "./TemplateError.ts"
import * as TemplateFile from "./TemplateFile.ts"

const suffix = ".yaml"

/** What a person takes for the ending of such a file. */
const endings = /\.ya?ml$/i

const nameOf = (file: string): string => file.replace(endings, "")

const filesOf = Effect.fnUntraced(function* (directory: string) {
  const files = yield* FileSystem.FileSystem
  const found = yield* Effect.mapError(files.readDirectory(directory), (error) =>
    templateFailed(new NotReadable({ file: directory, detail: FileText.reasonOf(error) }))
  )
  return found.filter((file) => endings.test(file))
})

const namesOf = (files: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(files.map(nameOf))].sort()

/** The names of all templates, in order; whether their files can be used is seen when they are read. */
export const names = Effect.fn("Registry.names")(function* (directory: string) {
  return namesOf(yield* filesOf(directory))
})

const unknown = (name: string, known: ReadonlyArray<string>) => {
  const suggestion = suggest(name, known)
  return templateFailed(new Unknown({ name, known, ...(suggestion === undefined ? {} : { suggestion }) }))
}

/** Reads the template of a name. A file with another ending is refused, even beside one with the right one. */
export const find = Effect.fn("Registry.find")(function* (directory: string, name: string) {
  const files = yield* filesOf(directory)
  const own = files.filter((file) => nameOf(file) === name)
  if (own.length === 0) return yield* unknown(name, namesOf(files))
  const other = own.find((file) => !file.endsWith(suffix))
  if (other === undefined) return yield* TemplateFile.read(`${directory}/${name}${suffix}`, name)
  const detail = `the file of a template ends in ${suffix}: rename it, or take it away`
  return yield* templateFailed(new NotReadable({ file: `${directory}/${other}`, detail }))
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
