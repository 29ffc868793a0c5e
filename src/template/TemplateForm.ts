/** The forms that a template can have. What may be written in it, and how it is read, depends on which it is. Pure. */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Hint } from "../policy/document/Document.ts"
import { suggest } from "../policy/document/Suggestion.ts"
import { PlantedHoneytoken } from "./Honeytoken.ts"
import {
  DebianImage,
  Embedded,
  MachineLimits,
  Microvm,
  OciArchive,
  OciImage,
  OciLayout,
  OciRegistry,
  PlacedFile,
  Pool,
  type Template,
  WarmUp
} from "./Template.ts"

const options = { errors: "all", onExcessProperty: "error" } as const

const ociForms = { layout: OciLayout, archive: OciArchive, registry: OciRegistry } as const

const { fields } = Microvm

/** Each reads one form, so that what it says of a mistake is about that form alone. */
const decoderOf = {
  embedded: Schema.decodeUnknownResult(Embedded, options),
  debian: Schema.decodeUnknownResult(Schema.Struct({ ...fields, image: DebianImage }), options),
  layout: Schema.decodeUnknownResult(
    Schema.Struct({ ...fields, image: Schema.Struct({ ...OciImage.fields, oci: OciLayout }) }),
    options
  ),
  archive: Schema.decodeUnknownResult(
    Schema.Struct({ ...fields, image: Schema.Struct({ ...OciImage.fields, oci: OciArchive }) }),
    options
  ),
  registry: Schema.decodeUnknownResult(
    Schema.Struct({ ...fields, image: Schema.Struct({ ...OciImage.fields, oci: OciRegistry }) }),
    options
  )
}

export type Form = keyof typeof decoderOf

/** Reads a template of a form. */
export const decode = (form: Form, plain: unknown): Result.Result<Template, Schema.SchemaError> =>
  decoderOf[form](plain)

const honeytokenKeys = { "honeytokens.*": Object.keys(PlantedHoneytoken.fields) }

const microvmKeys = {
  ...honeytokenKeys,
  "": Object.keys(Microvm.fields),
  "image.files.*": Object.keys(PlacedFile.fields),
  "warmUp.*": Object.keys(WarmUp.fields),
  limits: Object.keys(MachineLimits.fields),
  pool: Object.keys(Pool.fields)
}

const ociKeys = (form: keyof typeof ociForms) => ({
  ...microvmKeys,
  image: Object.keys(OciImage.fields),
  "image.oci": Object.keys(ociForms[form].fields)
})

/** The keys of the mappings of a form, by where those are. */
export const keys: Readonly<Record<Form, Readonly<Record<string, ReadonlyArray<string>>>>> = {
  embedded: { ...honeytokenKeys, "": Object.keys(Embedded.fields) },
  debian: { ...microvmKeys, image: Object.keys(DebianImage.fields) },
  layout: ociKeys("layout"),
  archive: ociKeys("archive"),
  registry: ociKeys("registry")
}

/** Why the form of a template is not clear, and where. */
export interface Fault {
  readonly path: ReadonlyArray<string>
  /** Whether the key at the path is wrong, or what is there. */
  readonly of: "key" | "value"
  readonly detail: string
  readonly hint?: Hint
}

const entriesOf = (plain: unknown): Readonly<Record<string, unknown>> =>
  typeof plain === "object" && plain !== null ? { ...plain } : {}

const tiers = ["embedded", "microvm"]

const noTier = (tier: unknown): Fault => ({
  path: ["tier"],
  of: "value",
  detail: tier === undefined ? "there is no tier" : "there is no such tier",
  hint: { allowed: tiers, suggestion: typeof tier === "string" ? suggest(tier, tiers) : undefined }
})

const ociFormNames = Object.keys(ociForms) as ReadonlyArray<keyof typeof ociForms>

/** What else of an image goes with `oci`. */
const beside = (image: Readonly<Record<string, unknown>>): ReadonlyArray<Fault> => [
  ...("debian" in image
    ? [
        {
          path: ["image", "debian"],
          of: "key" as const,
          detail: "an image is made of packages of Debian or of an image of OCI, not of both"
        }
      ]
    : []),
  ...("packages" in image
    ? [
        {
          path: ["image", "packages"],
          of: "key" as const,
          detail: "packages are those of Debian: an image of OCI brings its own"
        }
      ]
    : [])
]

const ofOci = (image: Readonly<Record<string, unknown>>): { readonly form: Form; readonly faults: Array<Fault> } => {
  const oci = entriesOf(image["oci"])
  const [form, ...others] = ociFormNames.filter((name) => name in oci)
  const which = `give one of ${ociFormNames.join(", ")}`
  if (form === undefined) {
    return { form: "layout", faults: [...beside(image), { path: ["image", "oci"], of: "value", detail: which }] }
  }
  const many = others.map((name): Fault => ({ path: ["image", "oci", name], of: "key", detail: which }))
  return { form, faults: [...beside(image), ...many] }
}

/** The form of a template, if it can be told, and what is wrong that makes it unclear. */
export const of = (plain: unknown): { readonly form: Form | undefined; readonly faults: ReadonlyArray<Fault> } => {
  const { image, tier } = entriesOf(plain)
  if (tier === "embedded") return { form: tier, faults: [] }
  if (tier !== "microvm") return { form: undefined, faults: [noTier(tier)] }
  return "oci" in entriesOf(image) ? ofOci(entriesOf(image)) : { form: "debian", faults: [] }
}
