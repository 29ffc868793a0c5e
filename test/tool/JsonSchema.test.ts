import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import * as JsonSchema from "../../src/tool/JsonSchema.ts"

const enforced = (schema: unknown) => Result.getOrThrow(JsonSchema.enforce(schema))

const accepts = (schema: unknown, value: unknown): boolean =>
  Result.isSuccess(Schema.decodeUnknownResult(enforced(schema).schema, { onExcessProperty: "error" })(value))

const refusal = (schema: unknown): string => {
  const result = JsonSchema.enforce(schema)
  return Result.isFailure(result) ? result.failure.message : "accepted"
}

const node = {
  type: "object",
  properties: { value: { type: "number" }, next: { $ref: "#/$defs/Node" } },
  required: ["value"]
}

/** Everyday schemas, with values that fit them and values that do not. */
const everyday: ReadonlyArray<{
  readonly what: string
  readonly schema: object
  readonly fits: ReadonlyArray<unknown>
  readonly misses: ReadonlyArray<unknown>
}> = [
  {
    what: "properties and required",
    schema: { type: "object", properties: { a: { type: "string" }, b: { type: "boolean" } }, required: ["a"] },
    fits: [{ a: "x" }, { a: "x", b: true }, { a: "x", other: [1] }],
    misses: [{}, { b: true }, { a: 1 }, { a: "x", b: 0 }, "x", null, []]
  },
  {
    what: "closed objects",
    schema: { type: "object", properties: { a: { type: "string" } }, additionalProperties: false },
    fits: [{}, { a: "x" }],
    misses: [{ b: 1 }, { a: "x", b: 1 }]
  },
  {
    what: "records",
    schema: { type: "object", additionalProperties: { type: "integer" }, maxProperties: 2 },
    fits: [{}, { x: 1, y: 2 }],
    misses: [{ x: 1.5 }, { x: "1" }, { x: 1, y: 2, z: 3 }]
  },
  {
    what: "enum, const and null",
    schema: {
      type: "object",
      properties: { e: { enum: ["a", 1, null] }, c: { const: "k" }, n: { type: ["string", "null"] } }
    },
    fits: [{ e: "a" }, { e: 1 }, { e: null }, { c: "k" }, { n: null }, { n: "" }],
    misses: [{ e: "b" }, { e: "1" }, { c: "K" }, { n: 0 }]
  },
  {
    what: "nullable of OpenAPI",
    schema: {
      type: "object",
      properties: { n: { type: "string", nullable: true }, r: { $ref: "#/$defs/S", nullable: true } },
      $defs: { S: { type: "string" } }
    },
    fits: [{ n: null }, { n: "x" }, { r: null }, { r: "x" }],
    misses: [{ n: 1 }, { r: 1 }]
  },
  {
    what: "bounds of numbers",
    schema: { type: "number", minimum: 1, exclusiveMaximum: 10, multipleOf: 0.5 },
    fits: [1, 9.5],
    misses: [0.5, 10, 1.2, "1", Number.NaN, Number.POSITIVE_INFINITY]
  },
  { what: "integers", schema: { type: "integer" }, fits: [0, -3, 2 ** 53 - 1], misses: [0.5, 2 ** 53, true] },
  {
    what: "bounds of strings, in code points, and patterns anywhere in them",
    schema: { type: "string", minLength: 2, maxLength: 3, pattern: "[a-z𝒳]" },
    fits: ["ab", "1a1", "𝒳𝒳𝒳"],
    misses: ["a", "abcd", "12", 12]
  },
  { what: "formats as annotations", schema: { type: "string", format: "email" }, fits: ["no address"], misses: [1] },
  {
    what: "lists and tuples",
    schema: {
      type: "object",
      properties: {
        list: { type: "array", items: { type: "string" }, minItems: 1, uniqueItems: true },
        pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false, minItems: 2 }
      }
    },
    fits: [{ list: ["a", "b"] }, { pair: ["a", 1] }],
    misses: [
      { list: [] },
      { list: [1] },
      { list: ["a", "a"] },
      { pair: ["a"] },
      { pair: ["a", 1, 2] },
      { pair: [1, 1] }
    ]
  },
  {
    what: "anyOf, oneOf and allOf",
    schema: {
      type: "object",
      properties: {
        any: { anyOf: [{ type: "string" }, { type: "number" }] },
        one: {
          oneOf: [
            { type: "number", maximum: 5 },
            { type: "number", minimum: 5 }
          ]
        },
        all: { allOf: [{ type: "number", minimum: 1 }, { maximum: 3 }] }
      }
    },
    fits: [{ any: "a" }, { any: 1 }, { one: 4 }, { all: 2 }],
    misses: [{ any: true }, { one: 5 }, { all: 0 }, { all: 4 }]
  },
  {
    what: "references, recursive ones too",
    schema: { type: "object", properties: { list: { $ref: "#/$defs/Node" } }, $defs: { Node: node } },
    fits: [{ list: { value: 1, next: { value: 2 } } }],
    misses: [{ list: { value: 1, next: { value: "2" } } }, { list: { next: { value: 1 } } }]
  },
  {
    what: "references to anywhere in the schema",
    schema: {
      type: "object",
      properties: { a: { type: "string" }, b: { $ref: "#/properties/a" }, self: { $ref: "#" } }
    },
    fits: [{ a: "x", b: "y" }, { self: { self: { a: "x" } } }],
    misses: [{ b: 1 }, { self: { self: { a: 1 } } }]
  },
  {
    what: "draft 7",
    schema: {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: { pair: { items: [{ type: "string" }], additionalItems: false }, d: { $ref: "#/definitions/D" } },
      definitions: { D: { type: "number", description: "a number" } }
    },
    fits: [{ pair: ["a"] }, { d: 1 }],
    misses: [{ pair: ["a", "b"] }, { d: "1" }]
  },
  {
    what: "unions told apart by a property",
    schema: {
      oneOf: [
        {
          type: "object",
          properties: { kind: { const: "card" }, number: { type: "string" } },
          required: ["kind", "number"],
          additionalProperties: false
        },
        { type: "object", properties: { kind: { const: "cash" } }, required: ["kind"], additionalProperties: false }
      ],
      discriminator: { propertyName: "kind" }
    },
    fits: [{ kind: "card", number: "1" }, { kind: "cash" }],
    misses: [{ kind: "card" }, { kind: "cash", number: "1" }, { kind: "coin" }]
  }
]

describe("JsonSchema", () => {
  it.each(everyday)("C22 enforces $what", ({ schema, fits, misses }) => {
    for (const value of fits) assert.isTrue(accepts(schema, value), JSON.stringify(value))
    for (const value of misses) assert.isFalse(accepts(schema, value), JSON.stringify(value))
  })

  it("C22 knows own properties from inherited ones", () => {
    const schema = { type: "object", properties: { toString: { type: "string" } }, required: ["constructor"] }
    assert.isFalse(accepts(schema, {}))
    assert.isFalse(accepts(schema, { constructor: 1, toString: 1 }))
    assert.isTrue(accepts(schema, { constructor: 1, toString: "x" }))
  })

  it("ignores annotations, and keywords that say that they are annotations", () => {
    const schema = {
      type: "string",
      title: "T",
      default: 1,
      examples: [1],
      deprecated: true,
      $comment: "c",
      "x-order": 1
    }
    assert.isTrue(accepts({ $id: "https://example.com/s", ...schema }, "x"))
    assert.deepInclude(enforced(schema).document, { title: "T", "x-order": 1 })
  })

  it("I3 refuses what it cannot enforce, and says where", () => {
    const inside = (schema: object) => ({ type: "object", properties: { a: schema } })
    const at = ' at ["properties"]["a"]'
    assert.include(refusal(inside({ minlength: 3 })), `the keyword "minlength" is not supported`)
    assert.include(refusal(inside({ minlength: 3 })), `${at}["minlength"]`)
    const unsupported = [
      "if",
      "contains",
      "dependentRequired",
      "unevaluatedProperties",
      "$dynamicRef",
      "$anchor",
      "$id"
    ]
    for (const keyword of unsupported) assert.include(refusal(inside({ [keyword]: {} })), `${at}["${keyword}"]`)
    assert.include(refusal(inside({ not: { type: "string" } })), '"not"')
    assert.include(
      refusal({ type: "object", properties: { a: {} }, additionalProperties: { type: "string" } }),
      "additionalProperties"
    )
  })

  it("I3 refuses what is no JSON Schema", () => {
    const wrong: ReadonlyArray<readonly [object, string]> = [
      [{ type: "strnig" }, '["type"]'],
      [{ type: [] }, '["type"]'],
      [{ minLength: "2" }, '["minLength"]'],
      [{ minLength: -1 }, '["minLength"]'],
      [{ minimum: "2" }, '["minimum"]'],
      [{ required: "a" }, '["required"]'],
      [{ properties: [] }, '["properties"]'],
      [{ properties: { a: 1 } }, '["properties"]["a"]'],
      [{ items: [{}] }, '["items"]'],
      [{ enum: [] }, '["enum"]'],
      [{ anyOf: {} }, '["anyOf"]'],
      [{ pattern: "(" }, '["pattern"]'],
      [{ pattern: "[\\w-\\.]" }, '["pattern"]'],
      [{ $ref: "#/$defs/Nobody" }, '["$ref"]'],
      [{ $ref: "other.json" }, '["$ref"]'],
      [{ properties: JSON.parse('{"__proto__":{}}') }, '["properties"]']
    ]
    for (const [schema, place] of wrong) assert.include(refusal(schema), ` at ${place}`, JSON.stringify(schema))
    for (const schema of [true, [], "string", undefined, () => 1]) assert.notStrictEqual(refusal(schema), "accepted")
    assert.include(refusal({ $schema: "http://json-schema.org/draft-04/schema#" }), '"$schema"')
  })

  it("refuses schemas without end", () => {
    const alias = { $ref: "#/$defs/A", $defs: { A: { $ref: "#/$defs/A" } } }
    const cycle: Record<string, unknown> = { type: "object" }
    cycle["properties"] = { cycle }
    let deep: object = { type: "string" }
    for (let level = 0; level < 100; level++) deep = { type: "array", items: deep, minItems: 0 }
    for (let level = 0; level < 100; level++) deep = { allOf: [deep] }
    for (const schema of [alias, cycle, deep, { description: "x".repeat(300_000) }]) {
      assert.notStrictEqual(refusal(schema), "accepted")
    }
  })

  it("gives a copy that refers only to its own definitions", () => {
    const source = {
      type: "object",
      properties: { a: { $ref: "#/definitions/My Type" } },
      definitions: { "My Type": { type: "string" }, Unused: {} }
    }
    const { document } = enforced(source)
    source.properties.a.$ref = "#/definitions/Unused"
    assert.deepStrictEqual(document, {
      type: "object",
      properties: { a: { $ref: "#/$defs/My_Type" } },
      $defs: { My_Type: { type: "string" } }
    })
  })

  it.prop(
    "agrees with a direct reading of bounds on any number",
    [Arbitrary.schema(Schema.Finite), Arbitrary.schema(Schema.Finite), Arbitrary.schema(Schema.Finite)],
    ([minimum, maximum, value]) => {
      assert.strictEqual(accepts({ type: "number", minimum, maximum }, value), value >= minimum && value <= maximum)
      assert.strictEqual(accepts({ type: "number", exclusiveMinimum: minimum }, value), value > minimum)
    }
  )
})
