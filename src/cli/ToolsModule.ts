/**
 * A module that says which tools a guest has and what it may do with them. Its default export is `{ tools, capabilities }`. It
 * is imported into this process, and trusted like it.
 */
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { Capability, decodeList } from "../capability/Capability.ts"
import type { Grants } from "../session/SessionOptions.ts"
import type { Tool } from "../tool/Tool.ts"
import * as Toolkit from "../tool/Toolkit.ts"
import * as OwnPackages from "./OwnPackages.ts"
import { UsageError } from "./Problem.ts"

const refuse = (file: string, why: string) =>
  new UsageError({ reason: "InvalidToolsModule", message: `the tools module ${file} ${why}` })

const isTool = (value: unknown): value is Tool =>
  Predicate.hasProperty(value, "execute") &&
  typeof value.execute === "function" &&
  Predicate.hasProperty(value, "name") &&
  typeof value.name === "string" &&
  Predicate.hasProperty(value, "input") &&
  Result.isResult(value.input) &&
  Predicate.hasProperty(value, "output") &&
  Result.isResult(value.output)

const serviceOf = (defect: unknown): string | undefined =>
  defect instanceof Error ? /^Service not found: (.+)/.exec(defect.message)?.[1] : undefined

/** A tool that needs services gets none here, and says so, here and to the guest, instead of seeming to be broken. */
const standalone = (tool: Tool): Tool => ({
  ...tool,
  execute: (input, invocation) =>
    tool.execute(input, invocation).pipe(
      Effect.catchDefect((defect) => {
        const service = serviceOf(defect)
        if (service === undefined) return Effect.die(defect)
        const message = `tool ${tool.name} needs the service ${service}, which its module has to provide`
        return Effect.andThen(
          Effect.logError(message),
          Effect.fail(new UsageError({ reason: "InvalidToolsModule", message }))
        )
      })
    )
})

/** What another copy of this package made is read like plain data. */
const fromAnyCopy = (item: unknown): unknown =>
  typeof item === "object" && item !== null && !(item instanceof Capability) ? { ...item } : item

const listIn = (module: object, key: string): ReadonlyArray<unknown> | undefined => {
  const list: unknown = Reflect.get(module, key) ?? []
  return Array.isArray(list) ? list : undefined
}

const check = Effect.fnUntraced(function* (file: string, module: unknown) {
  if (typeof module !== "object" || module === null) {
    return yield* refuse(file, "has no default export { tools, capabilities }")
  }
  const tools = listIn(module, "tools")
  const capabilities = listIn(module, "capabilities")
  if (tools === undefined || capabilities === undefined) {
    return yield* refuse(file, "has something else than lists of tools and capabilities")
  }
  const stranger = tools.findIndex((tool) => !isTool(tool))
  if (stranger !== -1) return yield* refuse(file, `has something else than a tool at tools[${stranger}]`)
  return { tools: tools.filter(isTool).map(standalone), capabilities }
})

/** Imports a tools module from its absolute path. */
export const load = Effect.fnUntraced(function* (file: string) {
  const imported: unknown = yield* Effect.tryPromise({
    try: () => {
      OwnPackages.lend()
      return import(pathToFileURL(file).href)
    },
    catch: (cause) => refuse(file, `cannot be imported: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  const { capabilities, tools } = yield* check(
    file,
    Predicate.hasProperty(imported, "default") ? imported.default : undefined
  )
  return {
    toolkit: yield* Toolkit.make(tools),
    capabilities: yield* Effect.fromResult(decodeList(capabilities.map(fromAnyCopy)))
  } satisfies Grants
})
