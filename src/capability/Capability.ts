/** Permissions: what they are made of, when one is within another, and what identifies one for its budget. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as Attenuation from "./Attenuation.ts"
import { Constraint, merge, toRule } from "./Constraint.ts"
import * as Pattern from "./Pattern.ts"
import * as Plain from "./Plain.ts"
import { toText } from "./Rule.ts"

const listLengthMax = 1_024

const isName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(name) && !(name in {})

const Name = Schema.String.check(
  Schema.makeFilter(isName, {
    message:
      "expected at most 64 ASCII letters, digits, spaces, '.', '_' and '-', the first a letter or digit, and no name that every object has"
  })
)

const GivenMethods = Schema.Union([Schema.String, Schema.Array(Schema.String)]).annotate({
  message: "expected a method pattern such as stripe/charges/*, or a list of them"
})

const Methods = GivenMethods.pipe(
  Schema.decodeTo(
    Schema.Array(
      Pattern.Pattern.check(Schema.makeFilter((pattern: string) => pattern !== "", { message: "names no method" }))
    ).check(Schema.makeFilter((methods) => methods.length > 0, { message: "names no method" })),
    {
      decode: SchemaGetter.transform((methods: string | ReadonlyArray<string>) =>
        typeof methods === "string" ? [methods] : methods
      ),
      encode: SchemaGetter.passthrough()
    }
  ),
  Schema.annotateKey({ messageMissingKey: "names no method" })
)

const whole = (what: string) =>
  Schema.Number.annotate({ message: what }).check(
    Schema.makeFilter((number: number) => Number.isSafeInteger(number) && number >= 0, { message: what })
  )

const approversMax = 64

const Approvers = Schema.Array(
  Schema.String.check(Schema.makeFilter((name: string) => name !== "" && name.length <= 256))
)
  .annotate({ message: "expected a list of names" })
  .check(
    Schema.makeFilter((names: ReadonlyArray<string>) => names.length > 0 && names.length <= approversMax, {
      message: `expected 1 to ${approversMax} names`
    })
  )

const Fields = Schema.Struct({
  /** Identifies the capability for its budget; see `Capability.key`. */
  name: Schema.optionalKey(Name),
  /** Canonical method patterns: it is about methods that one of them matches. */
  methods: Methods,
  /** What the input must be like. Without it, anything. */
  where: Schema.optionalKey(Constraint),
  /** How many calls it may be used for. Without it, the session's own limits are the only ones. */
  maxCalls: Schema.optionalKey(whole("expected a whole number of calls, 0 or more")),
  /** `auto` lets a call through, `ask` makes it wait for a person or the host. Default `auto`. */
  mode: Schema.Literals(["auto", "ask"]).pipe(Schema.withDecodingDefault(Effect.succeed("auto" as const))),
  /** Who may decide on an asked call; without it, everybody. Only with the mode `ask`. */
  approvers: Schema.optionalKey(Approvers),
  /** From this time on it is not used any more; milliseconds since the epoch. */
  expiresMillis: Schema.optionalKey(whole("expected milliseconds since the epoch")),
  /** For people. It is the question that an asked call puts to them. */
  description: Schema.optionalKey(Schema.String)
})
  .annotate({
    message: "expected an object with methods",
    messageUnexpectedKey:
      "is no field; those are name, methods, where, maxCalls, mode, approvers, expiresMillis, description"
  })
  .check(
    Schema.makeFilter(({ approvers, mode }: { readonly approvers?: ReadonlyArray<string>; readonly mode: string }) =>
      approvers === undefined || mode === "ask"
        ? undefined
        : { path: ["approvers"], issue: 'goes with the mode "ask": nobody is asked for other calls' }
    )
  )

/** A capability as it is written down, in a literal, JSON or YAML. */
export type CapabilityInput = typeof Fields.Encoded

/**
 * Permission for the calls whose method a pattern matches and whose input a constraint lets through.
 *
 * Plain data when encoded, so that it can be stored and sent; an instance has been checked.
 */
export class Capability extends Schema.Class<Capability>("caisson/Capability")(Fields) {
  /** Makes one capability; throws `Malformed`. */
  static override make(plain: CapabilityInput): Capability {
    return orThrow(decode(plain))
  }
}

const orThrow = <A>(result: Result.Result<A, Plain.Malformed>): A => {
  if (Result.isFailure(result)) throw result.failure
  return result.success
}

/** Reads one capability from plain data. Fields that it does not have are refused. */
export const decode = (plain: unknown): Result.Result<Capability, Plain.Malformed> =>
  Plain.decode("capability", Capability, plain)

/** Makes one capability; throws `Malformed`. */
export const make = Capability.make

const refuse = (issues: Plain.Malformed["issues"]) =>
  Result.fail(new Plain.Malformed({ subject: "list of capabilities", issues }))

const within = (index: number, field: string): string =>
  field === "" || field.startsWith("[") ? `[${index}]${field}` : `[${index}].${field}`

/** Reads a list, in the order in which the gate tries it. At most 1 024 capabilities; two with one key are refused. */
export const decodeList = (
  items: ReadonlyArray<unknown>
): Result.Result<ReadonlyArray<Capability>, Plain.Malformed> => {
  if (items.length > listLengthMax) return refuse([{ field: "", detail: `has more than ${listLengthMax} items` }])
  const places = new Map<string, number>()
  const capabilities: Array<Capability> = []
  for (const [index, item] of items.entries()) {
    const decoded = item instanceof Capability ? Result.succeed(item) : decode(item)
    if (Result.isFailure(decoded)) {
      return refuse(decoded.failure.issues.map(({ detail, field }) => ({ field: within(index, field), detail })))
    }
    const own = key(decoded.success)
    const other = places.get(own)
    if (other !== undefined) {
      const detail = `has the key ${JSON.stringify(own)} of [${other}]: give one of them another name`
      return refuse([{ field: `[${index}]`, detail }])
    }
    places.set(own, index)
    capabilities.push(decoded.success)
  }
  return Result.succeed(capabilities)
}

/** Makes a list: see `decodeList`. Throws `Malformed`. */
export const list = (items: ReadonlyArray<Capability | CapabilityInput>): ReadonlyArray<Capability> =>
  orThrow(decodeList(items))

const prime = 0x100_0000_01b3n

/** FNV-1a with 64 bits. Tells apart what one operator writes; it is no proof against somebody who looks for collisions. */
const hash = (text: string): string => {
  let state = 0xcbf2_9ce4_8422_2325n
  for (let index = 0; index < text.length; index++) {
    state = BigInt.asUintN(64, (state ^ BigInt(text.charCodeAt(index))) * prime)
  }
  return state.toString(16).padStart(16, "0")
}

const deriveKey = ({ methods, mode, where = {} }: Capability): string => {
  const sorted = [...new Set<string>(methods)].sort()
  const more = sorted.length > 1 ? `+${sorted.length - 1}` : ""
  return `${sorted[0]}${more}#${hash(JSON.stringify([sorted, toText(toRule(where)), mode]))}`
}

const keys = new WeakMap<Capability, string>()

/**
 * What a capability's budget is kept under: its name or, made of its methods, constraint and mode, a text that stays the same
 * in another order, in another process, and with another `maxCalls`, `expiresMillis` or `description`.
 */
export const key = (capability: Capability): string => {
  const known = keys.get(capability) ?? capability.name ?? deriveKey(capability)
  keys.set(capability, known)
  return known
}

/** Whether a capability is about a method. Its constraint may still refuse the call. */
export const covers = (capability: Capability, method: Pattern.Method): boolean =>
  capability.methods.some((pattern) => Pattern.matches(pattern, method))

/** The same capability with a further constraint. Both hold. Throws `Malformed`, also when both together are too large. */
export const restrict = (capability: Capability, where: Constraint): Capability =>
  make({ ...capability, where: merge(capability.where ?? {}, where) })

const areWithin = (approvers: ReadonlyArray<string> | undefined, of: ReadonlyArray<string> | undefined): boolean =>
  of === undefined || (approvers?.every((name) => of.includes(name)) ?? false)

/**
 * Whether a capability gives nothing that another one does not give: its methods are covered, its constraint is as tight, it has
 * no more calls, lasts no longer, and asks where the other asks, nobody whom the other does not ask. A yes is certain, a no as in `Attenuation`.
 */
export const isSubsetOf = (child: Capability, parent: Capability): boolean => {
  const { expiresMillis = Number.POSITIVE_INFINITY, maxCalls = Number.POSITIVE_INFINITY } = child
  return (
    (parent.mode === "auto" || (child.mode === "ask" && areWithin(child.approvers, parent.approvers))) &&
    maxCalls <= (parent.maxCalls ?? Number.POSITIVE_INFINITY) &&
    expiresMillis <= (parent.expiresMillis ?? Number.POSITIVE_INFINITY) &&
    child.methods.every((method) => parent.methods.some((pattern) => Pattern.isSubsetOf(method, pattern))) &&
    Attenuation.isSubsetOf(child.where ?? {}, parent.where ?? {})
  )
}

/**
 * Whether each capability of a list is within one of another list, and those within one limited capability have together no more
 * calls than that. Parents are assigned in order, so that a no may mean that another assignment was not looked for.
 */
export const isListSubsetOf = (children: ReadonlyArray<Capability>, parents: ReadonlyArray<Capability>): boolean => {
  const left = parents.map(({ maxCalls = Number.POSITIVE_INFINITY }) => maxCalls)
  return children.every((child) => {
    const { maxCalls = Number.POSITIVE_INFINITY } = child
    const index = parents.findIndex((parent, index) => maxCalls <= (left[index] ?? 0) && isSubsetOf(child, parent))
    const calls = left[index]
    if (calls !== undefined && Number.isFinite(calls)) left[index] = calls - maxCalls
    return calls !== undefined
  })
}
