/** Constraints and inputs of a small world, in which one thing often has to do with another. */
import { Arbitrary, Schema } from "effect"
import { constraint } from "./constraints.ts"

const Numbers = Schema.Literals([0, 1, 1.5, 2, 3])
const Texts = Schema.Literals(["a", "A", "ab", "b", "\u0430b", "aba", "/a", "/a/b", "/a/../b", "/a/%41"])
const Lengths = Schema.Literals([0, 1, 2, 3])
const Folders = Schema.Literals(["/", "/a", "/a/b", "/b"])
const Yes = Schema.Literal(true)
const Scalars = Schema.Union([Numbers, Texts, Schema.Boolean, Schema.Null])
const Excluded = Schema.Union([Numbers, Texts, Schema.Boolean])

const list = <S extends Schema.Top>(item: S) => Schema.Array(item).check(Schema.isMinLength(1), Schema.isMaxLength(3))

const Checks = Schema.Union([
  Schema.Struct({ lt: Numbers }),
  Schema.Struct({ le: Numbers }),
  Schema.Struct({ gt: Numbers }),
  Schema.Struct({ ge: Numbers }),
  Schema.Struct({ ge: Numbers, le: Numbers }),
  Schema.Struct({ eq: Scalars }),
  Schema.Struct({ ne: Excluded }),
  Schema.Struct({ in: list(Scalars) }),
  Schema.Struct({ notIn: list(Numbers) }),
  Schema.Struct({ notIn: list(Texts) }),
  Schema.Struct({ startsWith: Texts }),
  Schema.Struct({ endsWith: Texts }),
  Schema.Struct({ contains: Texts }),
  Schema.Struct({ startsWith: Texts, ne: Texts }),
  Schema.Struct({ exists: Yes }),
  Schema.Struct({ notExists: Yes }),
  Schema.Struct({ length: Schema.Struct({ lt: Lengths }) }),
  Schema.Struct({ length: Schema.Struct({ le: Lengths }) }),
  Schema.Struct({ length: Schema.Struct({ gt: Lengths }) }),
  Schema.Struct({ length: Schema.Struct({ ge: Lengths }) }),
  Schema.Struct({ path: Folders })
])

/** A constraint as a tree, which is easier to change at random. */
export type Sketch =
  | { readonly _tag: "Check"; readonly place: string; readonly checks: unknown }
  | { readonly _tag: "All" | "Any"; readonly parts: ReadonlyArray<Sketch> }
  | { readonly _tag: "Not"; readonly part: Sketch }

const Part = Schema.suspend((): Schema.Codec<Sketch> => Sketch)
const Parts = Schema.Array(Part).check(Schema.isMaxLength(3))

const Sketch: Schema.Codec<Sketch> = Schema.Union([
  Schema.TaggedStruct("Check", { place: Schema.Literals(["a", "b", "/a", "/c/d"]), checks: Checks }),
  Schema.TaggedStruct("All", { parts: Parts }),
  Schema.TaggedStruct("Any", { parts: Parts }),
  Schema.TaggedStruct("Not", { part: Part })
])

const toPlain = (sketch: Sketch): object => {
  switch (sketch._tag) {
    case "Check":
      return { [sketch.place]: sketch.checks }
    case "All":
      return { and: sketch.parts.map(toPlain) }
    case "Any":
      return { or: sketch.parts.map(toPlain) }
    case "Not":
      return { not: toPlain(sketch.part) }
  }
}

const sizeOf = (sketch: Sketch): number => {
  if (sketch._tag === "Check") return 1
  const parts = sketch._tag === "Not" ? [sketch.part] : sketch.parts
  return parts.reduce((size, part) => size + sizeOf(part), 1)
}

/** The sketch with another one at the node of this number, counted from the outside. */
const replace = (sketch: Sketch, number: number, other: Sketch): Sketch => {
  if (number === 0) return other
  if (sketch._tag === "Check") return sketch
  if (sketch._tag === "Not") return { ...sketch, part: replace(sketch.part, number - 1, other) }
  let first = 1
  const parts = sketch.parts.map((part) => {
    const start = first
    first += sizeOf(part)
    return number >= start && number < first ? replace(part, number - start, other) : part
  })
  return { ...sketch, parts }
}

const sketches = Arbitrary.schema(Sketch)

export const constraints = Arbitrary.map(sketches, (sketch) => constraint(toPlain(sketch)))

const checks = Arbitrary.schema(Checks)

/** Some checks of one value and another check of it, plain or denied. */
export const checksOfOneValue = Arbitrary.map(
  Arbitrary.all([Arbitrary.array(checks, { minLength: 1, maxLength: 3 }), checks, Arbitrary.schema(Schema.Boolean)]),
  ([facts, goal, isDenied]) => ({
    child: constraint({ and: facts.map((a) => ({ a })) }),
    parent: constraint(isDenied ? { not: { a: goal } } : { a: goal })
  })
)

/** Two constraints that differ in one place, which may be all of them. */
export const variants = Arbitrary.map(
  Arbitrary.all([
    sketches,
    sketches,
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })))
  ]),
  ([sketch, other, number]) => {
    const variant = replace(sketch, number % sizeOf(sketch), other)
    return { left: constraint(toPlain(sketch)), right: constraint(toPlain(variant)) }
  }
)

const values = [
  ...[undefined, null, true, false, -1, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 1n, 10n ** 30n, Number.NaN],
  ...["", "a", "A", "ab", "b", "\u0430b", "ba", "aba", "abc", "/a", "/a/b", "/b", "/a/../b", "/a/b/c", "/", "/%41"],
  ...["\u200ba", [], ["a"], ["a", "b", "c"], {}, new Map()]
]

/** Inputs that tell the constraints apart. */
export const inputs: ReadonlyArray<unknown> = [
  ...values.flatMap((a, index) => [0, 7, 11, 23].map((step) => ({ a, b: values[(index + step) % values.length] }))),
  ...values.flatMap((d) => [
    { a: "a", b: 2, c: { d } },
    { a: 1, b: "b", c: { d } },
    { a: d, c: { d } }
  ]),
  ...[undefined, null, 5, [], [1], { c: null }, { c: 5 }, { a: 1, c: [] }, { a: "/a/b", c: {} }]
]
