/** Reads a template from its file. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as SchemaIssue from "effect/SchemaIssue"
import { Document, type Place } from "../policy/document/Document.ts"
import * as FileText from "../policy/document/FileText.ts"
import { suggest } from "../policy/document/Suggestion.ts"
import type { OciSource, Template } from "./Template.ts"
import { Malformed, NotReadable, type TemplateError, templateFailed } from "./TemplateError.ts"
import * as TemplateForm from "./TemplateForm.ts"

type Form = TemplateForm.Form

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

type Step = PropertyKey | { readonly key: PropertyKey }

const nameOf = (step: Step): string => String(typeof step === "object" ? step.key : step)

/** Where in a file a path of plain data leads. Of what is absent, the place of what it is absent from. */
const locate = (document: Document, path: ReadonlyArray<Step>): Place => {
  let place = document.root
  for (const step of path) {
    const name = nameOf(step)
    const next = document.isList(place)
      ? document.items(place)?.[Number(name)]
      : document.isMapping(place)
        ? document.pairs(place, "a mapping")?.find((pair) => pair.name === name)?.value
        : undefined
    if (next === undefined) return place
    place = next
  }
  return place
}

const keysAt = (form: Form, path: ReadonlyArray<Step>): ReadonlyArray<string> =>
  TemplateForm.keys[form][path.map((step) => nameOf(step).replace(/^\d+$/, "*")).join(".")] ?? []

const keyPlace = (document: Document, path: ReadonlyArray<Step>): Place | undefined => {
  const holder = locate(document, path.slice(0, -1))
  const name = nameOf(path.at(-1) ?? "")
  if (!document.isMapping(holder)) return undefined
  return document.pairs(holder, "a mapping")?.find((pair) => pair.name === name)?.key
}

interface Issue {
  readonly message: string
  readonly path?: ReadonlyArray<Step> | undefined
}

/** What a file calls the kinds of values. */
const kinds: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  number: "a number",
  object: "a mapping",
  string: "a text"
}

/** Says what was expected in place of what is there. */
const tellOther = (document: Document, place: Place, detail: string): void => {
  const expected = /^Expected (.+)$/.exec(detail)?.[1]
  if (expected === undefined) {
    document.refuse(place, detail)
    return
  }
  // What may be left out is decoded from nothing as well, which cannot be written.
  const choices = expected.split(" | ").filter((choice) => choice !== "undefined")
  const allowed = choices.flatMap((choice) => /^"(.*)"$/.exec(choice)?.[1] ?? [])
  if (allowed.length < choices.length) {
    document.refuse(place, `expected ${choices.map((choice) => kinds[choice] ?? choice).join(" or ")}`)
    return
  }
  const text = document.textAt(place)
  document.refuse(place, `${JSON.stringify(text)} is not allowed here`, { allowed, suggestion: suggest(text, allowed) })
}

const tell = (document: Document, form: Form, { message, path = [] }: Issue): void => {
  const [detail = ""] = message.split("\n")
  const name = nameOf(path.at(-1) ?? "")
  if (detail === "Missing key") {
    document.refuse(locate(document, path), /^\d+$/.test(name) ? "it is empty" : `there is no ${name}`)
    return
  }
  if (!detail.startsWith("Expected no excess property")) {
    tellOther(document, locate(document, path), detail)
    return
  }
  const allowed = keysAt(form, path.slice(0, -1))
  document.refuse(keyPlace(document, path) ?? document.root, `unknown key ${JSON.stringify(name.slice(0, 64))}`, {
    allowed,
    suggestion: suggest(name, allowed)
  })
}

/** Says of each mistake that makes the form unclear what and where it is, and goes on with what was probably meant. */
const formOf = (document: Document, plain: unknown): Form | undefined => {
  const { faults, form } = TemplateForm.of(plain)
  for (const { detail, hint, of, path } of faults) {
    const key = of === "key" ? keyPlace(document, path) : undefined
    document.refuse(key ?? locate(document, path), detail, hint)
  }
  return form
}

/** Tells of what is said of programs that are none of the template's. */
const tellIdle = (document: Document, template: Template): void => {
  if (template.tier === "embedded" || template.preload.length === 0 || template.languages.includes("python")) return
  document.refuse(locate(document, ["preload"]), "these are loaded into Python, which is not among the languages")
}

const clocks = ["runMillis", "idleMillis"] as const

/** Tells of clocks that would run for longer than a session does. Defaults may: nobody has counted on them. */
const tellClocks = (document: Document, template: Template): void => {
  if (template.tier === "embedded") return
  const { limits } = template
  for (const clock of clocks) {
    const path = ["limits", clock]
    if (limits[clock] <= limits.totalMillis || keyPlace(document, path) === undefined) continue
    const most = `expected at most ${limits.totalMillis}, the totalMillis of a session`
    document.refuse(locate(document, path), `${most}: it would be over before`)
  }
}

/** How a template is to be called, as the name of its file says; undefined of one that may be called anything. */
type Called = string | undefined

const readAll = (document: Document, called: Called): Template | undefined => {
  if (!document.isMapping(document.root)) {
    document.refuse(document.root, "expected a mapping with the keys of a template: version, name, tier and others")
    return undefined
  }
  const plain = document.plain(document.root)
  const form = plain && formOf(document, plain.value)
  if (plain === undefined || form === undefined) return undefined
  const decoded = TemplateForm.decode(form, plain.value)
  if (Result.isSuccess(decoded)) {
    const { name } = decoded.success
    if (called !== undefined && name !== called) {
      document.refuse(locate(document, ["name"]), `it is ${name}, and the file is that of ${called}`)
    }
    tellIdle(document, decoded.success)
    tellClocks(document, decoded.success)
    return decoded.success
  }
  for (const issue of issuesOf(decoded.failure.issue).issues) tell(document, form, issue)
  return undefined
}

/** Reads a template from a text. `file` is how errors name it. Of everything that is wrong the first 20 issues are told. */
export const parse = (file: string, text: string, called?: Called): Result.Result<Template, TemplateError> => {
  const document = new Document(text)
  const template = document.isReadable ? readAll(document, called) : undefined
  const { issues } = document
  if (template !== undefined && issues.length === 0) return Result.succeed(template)
  return Result.fail(templateFailed(new Malformed({ file, issues })))
}

const fromDirectory = (directory: string, oci: OciSource): OciSource => {
  const absolute = (path: string) => (path.startsWith("/") ? path : `${directory}/${path}`)
  if ("layout" in oci) return { ...oci, layout: absolute(oci.layout) }
  return "archive" in oci ? { ...oci, archive: absolute(oci.archive) } : oci
}

/** What a template says of files of the host begins where its own file is. */
const located = (template: Template, directory: string): Template =>
  template.tier === "microvm" && "oci" in template.image
    ? { ...template, image: { ...template.image, oci: fromDirectory(directory, template.image.oci) } }
    : template

/** Reads a template from its file. */
export const read = Effect.fn("TemplateFile.read")(function* (file: string, called?: Called) {
  const files = yield* FileSystem.FileSystem
  const unreadable = (detail: string) => templateFailed(new NotReadable({ file, detail }))
  const text = yield* Effect.mapError(FileText.read(file), unreadable)
  const template = yield* Effect.fromResult(parse(file, text, called))
  const path = yield* Effect.mapError(files.realPath(file), (error) => unreadable(FileText.reasonOf(error)))
  return located(template, path.slice(0, path.lastIndexOf("/")))
})
