/** Reads what a policy file says about output and resources. */
import { type Ceilings, type LimitName, limitNames } from "../Policy.ts"
import { builtIn } from "../secret/BuiltIn.ts"
import { type Charset, charsets } from "../secret/Detector.ts"
import type { Output, Secret } from "../secret/Redaction.ts"
import type { Document, Place } from "./Document.ts"
import * as Field from "./Fields.ts"
import { readWhen } from "./ReadRule.ts"

const literalMax = 512
const prefixMax = 64
const runMax = 4_096

const readLength = (document: Document, place: Place): { readonly min: number; readonly max: number } | undefined => {
  const bounds = { min: 1, max: runMax }
  if (!document.isMapping(place)) {
    const exact = Field.wholeOf(document, place, "a length, or a mapping of min and max", bounds)
    return exact === undefined ? undefined : { min: exact, max: exact }
  }
  const fields = Field.fieldsOf(document, place, "length", ["min", "max"])
  const [least, most] = [fields?.get("min"), fields?.get("max")]
  const min = least === undefined ? 1 : Field.wholeOf(document, least.value, "min", bounds)
  const max = most === undefined ? runMax : Field.wholeOf(document, most.value, "max", bounds)
  if (min === undefined || max === undefined) return undefined
  if (min <= max) return { min, max }
  document.refuse(place, `min is ${min} and more than max, which is ${max}`)
  return undefined
}

const readPattern = (document: Document, fields: Field.Fields, name: string): Secret | undefined => {
  const [prefix, charset, length] = ["prefix", "charset", "length"].map((field) =>
    Field.required(document, fields, field, "a pattern of secrets")
  )
  const text = prefix && Field.textOf(document, prefix, "a prefix")
  if (prefix !== undefined && text !== undefined && text.length > prefixMax) {
    document.refuse(prefix, `a prefix has at most ${prefixMax} characters`)
  }
  const names = Object.keys(charsets) as ReadonlyArray<Charset>
  const characters = charset && Field.oneOf(document, charset, "charset", names)
  const bounds = length && readLength(document, length)
  return text === undefined || characters === undefined || bounds === undefined
    ? undefined
    : { _tag: "Pattern", name, prefix: text, charset: characters, ...bounds }
}

const readSecret = (document: Document, place: Place): Secret | undefined => {
  if (!document.isMapping(place)) {
    const name = Field.oneOf(document, place, "kind of secret that is known by name", [...builtIn.keys()])
    return name === undefined ? undefined : { _tag: "Kind", name }
  }
  const fields = Field.fieldsOf(document, place, "a secret", ["name", "literal", "prefix", "charset", "length"])
  if (fields === undefined) return undefined
  const named = Field.required(document, fields, "name", "a secret")
  const name = named && Field.textOf(document, named, "a name")
  const literal = fields.get("literal")
  if (name === undefined) return undefined
  if (literal === undefined) return readPattern(document, fields, name)
  if (fields.names.length > 2)
    document.refuse(literal.key, "a secret is a literal, or has a prefix, charset and length")
  const text = Field.textOf(document, literal.value, "a literal")
  if (text !== undefined && text.length > literalMax) {
    document.refuse(literal.value, `a literal has at most ${literalMax} characters`)
  }
  return text === undefined ? undefined : { _tag: "Literal", name, text }
}

const bytesMax = 1_073_741_824

/** Reads what becomes of output. */
export const readOutput = (document: Document, place: Place): Output => {
  const fields = Field.fieldsOf(document, place, "output", ["maxBytes", "redact"])
  const [bytes, secrets] = [fields?.get("maxBytes"), fields?.get("redact")]
  const maxBytes = bytes && Field.wholeOf(document, bytes.value, "maxBytes", { min: 0, max: bytesMax })
  const names = new Set<string>()
  const redact =
    secrets &&
    Field.listOf(document, secrets.value, "secrets", (item) => {
      const secret = readSecret(document, item)
      if (secret !== undefined && names.has(secret.name))
        document.refuse(item, `there is another secret ${secret.name}`)
      names.add(secret?.name ?? "")
      return secret
    })
  return { ...(maxBytes === undefined ? {} : { maxBytes }), redact: redact ?? [] }
}

const readCeilings = (document: Document, place: Place): Ceilings | undefined => {
  const fields = Field.fieldsOf(document, place, "limits", ["when", ...limitNames])
  if (fields === undefined) return undefined
  const conditions = fields.get("when")
  const when = conditions && readWhen(document, conditions.value)
  const values: Partial<Record<LimitName, number>> = {}
  for (const name of limitNames) {
    const given = fields.get(name)
    const value = given && Field.wholeOf(document, given.value, name, { min: 0, max: Number.MAX_SAFE_INTEGER })
    if (value !== undefined) values[name] = value
  }
  return { ...(when === undefined ? {} : { when }), values, position: document.positionOf(place) }
}

/** Reads ceilings: one mapping, or a list of them for several conditions. */
export const readLimits = (document: Document, place: Place): ReadonlyArray<Ceilings> =>
  Field.oneOrMore(document, place, "limits", (item) => readCeilings(document, item)) ?? []
