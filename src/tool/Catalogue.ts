import * as Result from "effect/Result"
import type { SchemaRefused } from "./schema/JsonSchemaReader.ts"
import { isOfObjects } from "./schema/SchemaDocument.ts"
import type { Shape } from "./schema/Shape.ts"
import type { Tool } from "./Tool.ts"
import { ToolkitError } from "./ToolkitError.ts"
import * as ToolName from "./ToolName.ts"

/** A tool whose name and schemas are sound. */
export interface CatalogueEntry {
  readonly name: ToolName.ToolName
  readonly tool: Tool<unknown>
  readonly input: Shape
  readonly output: Shape
}

/** Sound tools that do not get in each other's way, by method, in the order of their paths. */
export type Catalogue = ReadonlyMap<string, CatalogueEntry>

const invalidSchema = (tool: Tool<unknown>, side: "input" | "output") => (refused: SchemaRefused) =>
  new ToolkitError({ tool: tool.name, reason: "InvalidSchema", detail: `${side}: ${refused.message}` })

const check = (tool: Tool<unknown>): Result.Result<CatalogueEntry, ToolkitError> =>
  Result.gen(function* () {
    const name = yield* Result.mapError(
      ToolName.parse(tool.name),
      (why) => new ToolkitError({ tool: tool.name, ...why })
    )
    const input = yield* Result.mapError(tool.input, invalidSchema(tool, "input"))
    const output = yield* Result.mapError(tool.output, invalidSchema(tool, "output"))
    if (isOfObjects(input.document)) return { name, tool, input, output }
    const detail = "the input must be an object: a struct, or a JSON Schema of type object"
    return yield* Result.fail(new ToolkitError({ tool: tool.name, reason: "NotAnObject", detail }))
  })

const identifier = ({ segments }: ToolName.ToolName): string => segments.join("_")

const namespaces = ({ segments }: ToolName.ToolName): ReadonlyArray<string> =>
  segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("/"))

const collision = (entry: CatalogueEntry, detail: string) =>
  new ToolkitError({ tool: entry.tool.name, reason: "NameCollision", detail })

/** Checks each tool, and all of them together. */
export const make = (tools: ReadonlyArray<Tool<unknown>>): Result.Result<Catalogue, ToolkitError> =>
  Result.gen(function* () {
    const byIdentifier = new Map<string, CatalogueEntry>()
    for (const tool of tools) {
      const entry = yield* check(tool)
      const other = byIdentifier.get(identifier(entry.name))
      if (other !== undefined) {
        const isSame = other.name.path === entry.name.path
        const detail = isSame ? "it is given twice" : `as an identifier its name is that of ${other.name.path}`
        return yield* Result.fail(collision(entry, detail))
      }
      byIdentifier.set(identifier(entry.name), entry)
    }
    const entries = [...byIdentifier.values()].sort((left, right) => (left.name.path < right.name.path ? -1 : 1))
    const catalogue: Catalogue = new Map(entries.map((entry) => [entry.name.method, entry]))
    for (const entry of entries) {
      const other = namespaces(entry.name).find((namespace) => catalogue.has(namespace))
      if (other !== undefined) return yield* Result.fail(collision(entry, `its namespace ${other} is a tool itself`))
    }
    return catalogue
  })
