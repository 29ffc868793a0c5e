import { Arbitrary, Schema } from "effect"
import { Opaque } from "../../src/tool/value/Opaque.ts"
import { viewNames } from "../../src/tool/value/ValueFormat.ts"

type Random = () => number

/** A small generator of numbers in [0, 1): one generated integer decides a whole value. */
const random = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pick = <A>(next: Random, items: ReadonlyArray<A>): A => {
  const item = items[Math.floor(next() * items.length)]
  if (item === undefined) throw new RangeError("nothing to pick from")
  return item
}

const times = <A>(next: Random, most: number, make: () => A): Array<A> =>
  Array.from({ length: Math.floor(next() * (most + 1)) }, make)

const texts = [
  "",
  "a",
  "$",
  "é",
  "𝒳",
  "\u2028",
  '"\\',
  "line\nbreak",
  "\ud800",
  "constructor",
  "toString",
  "__proto__x",
  "0",
  "then"
]
const numbers = [0, -0, 1, -1.5, 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53]

const bytes = (next: Random, length: number) => Uint8Array.from({ length }, () => Math.floor(next() * 256))

const view = (next: Random): ArrayBufferView => {
  const name = pick(next, viewNames)
  const View: unknown = Reflect.get(globalThis, name)
  if (typeof View !== "function") throw new TypeError(`there is no ${name}`)
  return Reflect.construct(View, [bytes(next, 8 * Math.floor(next() * 4)).buffer])
}

const error = (next: Random) =>
  Object.defineProperty(new Error(pick(next, texts)), "name", {
    value: pick(next, ["Error", "TypeError", "StripeError"])
  })

const leaves: ReadonlyArray<(next: Random) => unknown> = [
  () => null,
  () => undefined,
  (next) => next() < 0.5,
  (next) => pick(next, texts),
  (next) => pick(next, numbers),
  (next) => Math.round(next() * 1e9),
  (next) => BigInt(Math.floor(next() * 1e15)) ** 3n * (next() < 0.5 ? -1n : 1n),
  (next) => new Date(pick(next, [0, -1, 1.7e12, Number.NaN])),
  (next) => bytes(next, Math.floor(next() * 9)).buffer,
  (next) => new Opaque(`[Function ${pick(next, texts)}]`),
  view,
  error
]

const branches: ReadonlyArray<(next: Random, depth: number) => unknown> = [
  (next, depth) => times(next, 4, () => grow(next, depth)),
  (next, depth) => Object.fromEntries(times(next, 4, () => [pick(next, texts), grow(next, depth)])),
  (next, depth) => new Map(times(next, 3, () => [grow(next, depth), grow(next, depth)])),
  (next, depth) => new Set(times(next, 3, () => grow(next, depth)))
]

const grow = (next: Random, depth: number): unknown =>
  depth > 0 && next() < 0.6 ? pick(next, branches)(next, depth - 1) : pick(next, leaves)(next)

const seeds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_294_967_295 }))

/** Values of every kind that has a text, nested up to five levels. */
export const values: Arbitrary.Arbitrary<unknown> = Arbitrary.map(Arbitrary.schema(seeds), (seed) =>
  grow(random(seed), 5)
)

/** Texts that are nearly those of values: some of their characters are replaced, removed or doubled. */
export const spoil = (text: string, seed: number): string => {
  const next = random(seed)
  const characters = [...text]
  for (const at of times(next, 4, () => Math.floor(next() * characters.length))) {
    characters[at] = pick(next, [
      "",
      "{",
      "}",
      "[",
      "]",
      '"',
      ",",
      ":",
      "$",
      "0",
      "__proto__",
      "null",
      characters[at] ?? ""
    ])
  }
  return characters.join("")
}
