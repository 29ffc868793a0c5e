/** What a token's grant and each of its caveats can state: the one shape in which both are written. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Capability, type CapabilityInput, decodeList } from "../capability/Capability.ts"
import { Language } from "../capability/Language.ts"
import * as Plain from "../capability/Plain.ts"
import { canonicalJson } from "./CanonicalJson.ts"
import { Files } from "./Files.ts"
import { Network } from "./Network.ts"
import { Malformed, TokenError } from "./TokenError.ts"

const nameLengthMax = 256
const namesMax = 64

const nameMessage = `expected a text of 1 to ${nameLengthMax} characters without control characters`
const Name = Schema.String.annotate({ message: nameMessage }).check(
  Schema.makeFilter(
    (text: string) => text !== "" && text.length <= nameLengthMax && text.isWellFormed() && !/\p{Cc}/u.test(text),
    { message: nameMessage }
  )
)

const namesMessage = `expected a list of 1 to ${namesMax} names`
const listOf = <S extends Schema.Codec<string>>(item: S) =>
  Schema.Array(item)
    .annotate({ message: namesMessage })
    .check(Schema.makeFilter((names) => names.length > 0 && names.length <= namesMax, { message: namesMessage }))

const Names = listOf(Name)
const Languages = listOf(Language.annotate({ message: `expected one of ${Language.literals.join(", ")}` }))

const whole = (minimum: number, message: string) =>
  Schema.Number.annotate({ message }).check(
    Schema.makeFilter((number: number) => Number.isSafeInteger(number) && number >= minimum, { message })
  )

const limit = (unit: string) => whole(1, `expected a whole number of ${unit}, 1 or more`)
/** The last one that a date can show. */
const instantMax = 8_640_000_000_000_000
const millisMessage = "expected milliseconds since the epoch"
const Millis = whole(0, millisMessage).check(
  Schema.makeFilter((millis: number) => millis <= instantMax, { message: millisMessage })
)

const hashMessage = "expected a SHA-256 in 64 small hexadecimal digits"
const CodeHash = Schema.String.annotate({ message: hashMessage }).check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { message: hashMessage })
)

const useMessage = 'expected "execution" or "session"'

const Capabilities = Schema.Array(Capability)
  .annotate({ message: "expected a list of capabilities" })
  .check(
    Schema.makeFilter((list: ReadonlyArray<Capability>) => {
      if (list.length < 2) return undefined
      const decoded = decodeList(list)
      return Result.isSuccess(decoded) ? undefined : decoded.failure.issues.map(({ detail }) => detail).join("; ")
    })
  )

const onceMessage = "expected true, or leave it out"

/** The fields that a grant and a caveat share. */
export const fields = {
  /** What calls may be made, in the order in which the gate tries it. */
  capabilities: Schema.optionalKey(Capabilities),
  files: Schema.optionalKey(Files),
  network: Schema.optionalKey(Network),
  memoryMebibytes: Schema.optionalKey(limit("MiB")),
  cpuMillis: Schema.optionalKey(limit("milliseconds")),
  wallMillis: Schema.optionalKey(limit("milliseconds")),
  templates: Schema.optionalKey(Names),
  languages: Schema.optionalKey(Languages),
  /** The id of the only session that it is for. */
  session: Schema.optionalKey(Name),
  /** The id of the only run that it is for. */
  run: Schema.optionalKey(Name),
  /** SHA-256 of the UTF-8 text of the only code that it is for, in hexadecimal. */
  codeHash: Schema.optionalKey(CodeHash),
  /** Who it is for: a host accepts tokens for itself alone. */
  audience: Schema.optionalKey(Name),
  /** Before this time it is not accepted; milliseconds since the epoch. */
  notBeforeMillis: Schema.optionalKey(Millis),
  /** From this time on it is not accepted; milliseconds since the epoch. */
  expiresMillis: Schema.optionalKey(Millis),
  /** It is accepted once, and so is everything that is narrowed from it, together. */
  once: Schema.optionalKey(Schema.Literal(true).annotate({ message: onceMessage }))
}

export const Use = Schema.Literals(["execution", "session"]).annotate({ message: useMessage })
/** What a token is used for: one run of code, or a session with all its runs. */
export type Use = typeof Use.Type

const Terms = Schema.Struct({ ...fields, use: Schema.optionalKey(Use) })
/** What a grant states, or a caveat; see `fields`. */
export type Terms = typeof Terms.Type
/** Terms as they are written down: capabilities may be in any form that `Capability.make` takes. */
export type TermsInput = Omit<typeof Terms.Encoded, "capabilities"> & {
  readonly capabilities?: ReadonlyArray<Capability | CapabilityInput>
}

/** The names of all fields, for messages. */
export const fieldNames: ReadonlyArray<string> = [...Object.keys(fields), "use"]

/** How a grant or a caveat is read. */
export interface Form<A, I> {
  readonly where: string
  readonly schema: Schema.Codec<A, I>
  /** Looks at a value from a token before the schema does. */
  readonly inspect?: (plain: unknown) => TokenError | undefined
}

/** Reads plain data strictly, within the bounds of `Plain.decode`. `where` names it in the failure. */
const decode = <A, I>(where: string, schema: Schema.Codec<A, I>, plain: unknown): Result.Result<A, TokenError> =>
  Result.mapError(Plain.decode(where, schema, plain), ({ issues }) => {
    const [first] = issues
    const isOne = issues.length === 1 && first !== undefined && first.field !== ""
    const details = issues.map(({ detail, field }) => (field === "" || isOne ? detail : `${field}: ${detail}`))
    const place = isOne ? `${where}${first.field.startsWith("[") ? "" : "."}${first.field}` : where
    return new TokenError({ reason: new Malformed({ where: place, detail: details.join("; ") }) })
  })

/** Reads what somebody states, with a field that is added to it. What is no plain object states nothing, and is refused. */
export const decodeStated = <A, I>(
  { schema, where }: Form<A, I>,
  stated: object,
  added: Readonly<Record<string, string>>
): Result.Result<A, TokenError> => {
  const prototype: unknown = typeof stated === "object" && stated !== null ? Object.getPrototypeOf(stated) : undefined
  if (prototype === Object.prototype || prototype === null) return decode(where, schema, { ...stated, ...added })
  return Result.fail(new TokenError({ reason: new Malformed({ where, detail: "is not a plain object" }) }))
}

const readJson = (where: string, bytes: Uint8Array): Result.Result<unknown, TokenError> =>
  Result.try({
    try: (): unknown => JSON.parse(Buffer.from(bytes).toString("utf8")),
    catch: () => new TokenError({ reason: new Malformed({ where, detail: "is not JSON" }) })
  })

/** Reads the bytes that `encode` gives for a value, and no other ones. */
export const decodeBytes = <A extends object, I>(form: Form<A, I>, bytes: Uint8Array): Result.Result<A, TokenError> => {
  const plain = readJson(form.where, bytes)
  if (Result.isFailure(plain)) return Result.fail(plain.failure)
  const refused = form.inspect?.(plain.success)
  if (refused !== undefined) return Result.fail(refused)
  const decoded = decode(form.where, form.schema, plain.success)
  if (Result.isFailure(decoded) || Buffer.from(encode(decoded.success)).equals(bytes)) return decoded
  const detail = "is not in its canonical form"
  return Result.fail(new TokenError({ reason: new Malformed({ where: form.where, detail }) }))
}

/** The bytes of a grant or a caveat that has been decoded. */
export const encode = (terms: object): Uint8Array => Buffer.from(canonicalJson(terms))
