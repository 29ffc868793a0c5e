import * as Result from "effect/Result"
import type { Capability } from "../capability/Capability.ts"
import * as CommentText from "./declaration/CommentText.ts"
import * as Grant from "./declaration/Grant.ts"
import { NamedTypes } from "./declaration/NamedTypes.ts"
import { indent, TypeWriter } from "./declaration/TypeWriter.ts"
import { guestGlobals } from "./GuestGlobals.ts"
import { isPlainObject } from "./schema/Plain.ts"
import { type JsonSchema, resolve } from "./schema/SchemaDocument.ts"
import type { ToolInfo } from "./ToolInfo.ts"
import * as ToolName from "./ToolName.ts"

/** Global types of TypeScript that no generated type may be called like. */
const globalTypes = [
  ...["Any", "ArrayLike", "AsyncGenerator", "AsyncIterable", "AsyncIterator", "Awaited", "CallableFunction"],
  ...["Capitalize", "ClassDecorator", "ConcatArray", "Disposable", "Exclude", "Extract", "Generator"],
  ...["IArguments", "InstanceType", "Iterable", "IteratorObject", "IteratorResult", "Lowercase"],
  ...["NewableFunction", "NoInfer", "NonNullable", "Omit", "Parameters", "Partial", "Pick", "PromiseLike"],
  ...["PropertyDescriptor", "PropertyKey", "Readonly", "ReadonlyArray", "ReadonlyMap", "ReadonlySet", "Record"],
  ...["Required", "ReturnType", "ThisType", "TypedPropertyDescriptor", "Uppercase"]
]

/** A function of a namespace, or a namespace: names at one level with what stands there. */
type Namespace = Map<string, Callable | Namespace>

interface Callable {
  readonly doc: string
  /** From the parameters on, such as `(input: {}): Promise<string>`. */
  readonly signature: string
}

const asSchema = (document: unknown): JsonSchema => (isPlainObject(document) ? document : {})

const callable = (info: ToolInfo, grants: ReadonlyArray<Grant.Grant>, named: NamedTypes): Callable => {
  const input = asSchema(info.input)
  const root = resolve(input, input)
  const narrowings = Grant.narrowings(grants)
  const type = new TypeWriter(input, named).type(root, narrowings)
  const isDemanded = [...narrowings.values()].some(({ isDemanded }) => isDemanded)
  const isDeclared = Array.isArray(root["required"]) && root["required"].length > 0
  const isOptional = root["type"] === "object" && !isDeclared && !isDemanded
  const parameters = type === "{}" ? "" : `input${isOptional ? "?" : ""}: ${type}`
  const output = asSchema(info.output)
  const given = new TypeWriter(output, named).type(output)
  return {
    doc: CommentText.doc([info.description, ...Grant.remarks(grants)]),
    signature: `(${parameters}): Promise<${given}>`
  }
}

const place = (namespace: Namespace, segments: ReadonlyArray<string>, leaf: Callable): void => {
  const [name = "", ...rest] = segments
  if (rest.length === 0) {
    namespace.set(name, leaf)
    return
  }
  const known = namespace.get(name)
  const inner: Namespace = known instanceof Map ? known : new Map()
  namespace.set(name, inner)
  place(inner, rest, leaf)
}

const body = (namespace: Namespace): string => {
  const members = [...namespace].map(([name, found]) =>
    found instanceof Map ? `\n${name}: ${body(found)}` : `\n${found.doc}${name}${found.signature}`
  )
  return `{${indent(members.join(""))}\n}`
}

/**
 * TypeScript declarations of the tools that capabilities let a guest call, for people and models to write code against.
 *
 * Tools that no capability covers are left out. What the capabilities demand of an argument is a literal type where only
 * certain values can pass, else a comment; so are the numbers of calls and the calls that a person decides on. The text is a
 * description: a call that it allows may still be refused.
 *
 * Descriptions, names and values are foreign text and cannot leave their comments and literals.
 *
 * ```ts
 * declare const stripe: {
 *   charges: {
 *     // Creates a charge
 *     create(input: { amount: number; currency: "USD" | "EUR" }): Promise<{ id: string }>
 *   }
 * }
 * ```
 */
export const render = (infos: ReadonlyArray<ToolInfo>, capabilities: ReadonlyArray<Capability>): string => {
  const root: Namespace = new Map()
  const named = new NamedTypes([...guestGlobals, ...globalTypes])
  for (const info of infos) {
    const name = ToolName.parse(info.path)
    if (Result.isFailure(name)) continue
    const grants = Grant.of(capabilities, name.success.method)
    if (grants.length > 0) place(root, name.success.segments, callable(info, grants, named))
  }
  const constants = [...root].map(([name, found]) =>
    found instanceof Map
      ? `declare const ${name}: ${body(found)}`
      : `${found.doc}declare function ${name}${found.signature}`
  )
  return [...named.declarations, ...constants].map((text) => `${text}\n`).join("\n")
}
