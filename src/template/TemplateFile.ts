/** Reads a template from its file. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { Document, type Place } from "../policy/document/Document.ts"
import { suggest } from "../policy/document/Suggestion.ts"
import { Embedded, ImageSource, MachineLimits, Microvm, PlacedFile, Pool, type Template, WarmUp } from "./Template.ts"
import { Malformed, NotReadable, type TemplateError, templateFailed } from "./TemplateError.ts"

const bytesMax = 1_048_576

const options = { errors: "all", onExcessProperty: "error" } as const
const decoders = {
  embedded: Schema.decodeUnknownResult(Embedded, options),
  microvm: Schema.decodeUnknownResult(Microvm, options)
} as const
type Tier = keyof typeof decoders
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

/** The keys of the mappings of a template, by where those are. */
const keys: Readonly<Record<Tier, Readonly<Record<string, ReadonlyArray<string>>>>> = {
  embedded: { "": Object.keys(Embedded.fields) },
  microvm: {
    "": Object.keys(Microvm.fields),
    image: Object.keys(ImageSource.fields),
    "image.files.*": Object.keys(PlacedFile.fields),
    "warmUp.*": Object.keys(WarmUp.fields),
    limits: Object.keys(MachineLimits.fields),
    pool: Object.keys(Pool.fields)
  }
}

const keysAt = (tier: Tier, path: ReadonlyArray<Step>): ReadonlyArray<string> =>
  keys[tier][path.map((step) => nameOf(step).replace(/^\d+$/, "*")).join(".")] ?? []

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

const tell = (document: Document, tier: Tier, { message, path = [] }: Issue): void => {
  const [detail = ""] = message.split("\n")
  const name = nameOf(path.at(-1) ?? "")
  if (detail === "Missing key") {
    document.refuse(locate(document, path), /^\d+$/.test(name) ? "it is empty" : `there is no ${name}`)
    return
  }
  if (!detail.startsWith("Expected no excess property")) {
    document.refuse(locate(document, path), detail)
    return
  }
  const allowed = keysAt(tier, path.slice(0, -1))
  document.refuse(keyPlace(document, path) ?? document.root, `unknown key ${JSON.stringify(name.slice(0, 64))}`, {
    allowed,
    suggestion: suggest(name, allowed)
  })
}

const tiers = Object.keys(decoders)

/** The tier comes first: what else may be written depends on it. */
const tierOf = (document: Document, plain: unknown): Tier | undefined => {
  const tier = typeof plain === "object" && plain !== null && "tier" in plain ? plain.tier : undefined
  if (tier === "embedded" || tier === "microvm") return tier
  const detail = tier === undefined ? "there is no tier" : "there is no such tier"
  const suggestion = typeof tier === "string" ? suggest(tier, tiers) : undefined
  document.refuse(locate(document, ["tier"]), detail, { allowed: tiers, suggestion })
  return undefined
}

const readAll = (document: Document): Template | undefined => {
  const plain = document.plain(document.root)
  const tier = plain && tierOf(document, plain.value)
  if (plain === undefined || tier === undefined) return undefined
  const decoded: Result.Result<Template, Schema.SchemaError> = decoders[tier](plain.value)
  if (Result.isSuccess(decoded)) return decoded.success
  for (const issue of issuesOf(decoded.failure.issue).issues) tell(document, tier, issue)
  return undefined
}

/** Reads a template from a text. `file` is how errors name it. Of everything that is wrong the first 20 issues are told. */
export const parse = (file: string, text: string): Result.Result<Template, TemplateError> => {
  const document = new Document(text)
  const template = document.isReadable ? readAll(document) : undefined
  const { issues } = document
  if (template !== undefined && issues.length === 0) return Result.succeed(template)
  return Result.fail(templateFailed(new Malformed({ file, issues })))
}

/** Reads a template from its file, which has at most 1 MiB. */
export const read = Effect.fn("TemplateFile.read")(function* (file: string) {
  const files = yield* FileSystem.FileSystem
  const unreadable = Effect.mapError(({ message }: PlatformError) =>
    templateFailed(new NotReadable({ file, detail: message }))
  )
  const { size } = yield* unreadable(files.stat(file))
  if (size > bytesMax)
    return yield* templateFailed(new NotReadable({ file, detail: `it has more than ${bytesMax} bytes` }))
  return yield* Effect.fromResult(parse(file, yield* unreadable(files.readFileString(file))))
})
