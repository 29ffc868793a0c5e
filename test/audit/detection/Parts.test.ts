import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Distinct from "../../../src/audit/detection/Distinct.ts"
import * as Hash from "../../../src/audit/detection/Hash.ts"
import * as Magnitude from "../../../src/audit/detection/Magnitude.ts"
import * as Matcher from "../../../src/audit/detection/Matcher.ts"
import * as Reading from "../../../src/audit/detection/Reading.ts"
import * as Recent from "../../../src/audit/detection/Recent.ts"
import * as Sketch from "../../../src/audit/detection/Sketch.ts"
import * as Trickle from "../../../src/audit/detection/Trickle.ts"
import * as Window from "../../../src/audit/detection/Window.ts"

describe("a window", () => {
  const span = 12_000
  const Steps = Schema.Array(
    Schema.Struct({
      pause: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9_000 })),
      amount: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 }))
    })
  ).check(Schema.isMaxLength(40))

  it.prop("counts all of the last eleven twelfths, and nothing that is older than its span", [Steps], ([steps]) => {
    let window = Window.empty
    let now = 1_000_000
    const added: Array<{ readonly at: number; readonly amount: number }> = []
    for (const { amount, pause } of steps) {
      now += pause
      added.push({ at: now, amount })
      window = Window.add(window, span, now, amount, String(now))
      const within = (age: number) =>
        added.filter(({ at }) => now - at < age).reduce((sum, { amount }) => sum + amount, 0)
      assert.isAtLeast(window.total, within((span * 11) / 12))
      assert.isAtMost(window.total, within(span))
      assert.isAtMost(window.counts.length, 12)
      assert.isAtMost(window.evidence.length, 8)
    }
  })

  it("takes time that goes backwards as standing still, and is empty after its span", () => {
    const window = Window.add(Window.add(Window.empty, span, 50_000, 1, "a"), span, 10_000, 1, "b")
    assert.strictEqual(window.total, 2)
    assert.strictEqual(Window.totalAt(window, span, 50_000), 2)
    assert.strictEqual(Window.totalAt(window, span, 63_000), 0)
  })
})

describe("distinct things", () => {
  it("are counted once, for so long and up to so many", () => {
    const options = { most: 3, spanMillis: 100 }
    const add = (seen: Distinct.Distinct, key: number, atMillis: number) =>
      Distinct.add(seen, { key, atMillis, id: `${key}@${atMillis}` }, options)
    const two = add(add(add(Distinct.empty, 1, 0), 1, 10), 2, 20)
    assert.deepStrictEqual(Distinct.evidence(two), ["1@10", "2@20"])
    assert.deepStrictEqual(Distinct.evidence(add(two, 3, 115)), ["2@20", "3@115"])
    assert.lengthOf(
      [4, 5, 6, 7].reduce((seen, key) => add(seen, key, 20), two),
      3
    )
  })
})

describe("a recent map", () => {
  it.prop(
    "never holds more than it may, and always what was used in its last half",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })))],
    ([keys]) => {
      const most = 8
      let recent = Recent.make<number>(most)
      for (const [index, key] of keys.entries()) {
        recent = Recent.set(recent, String(key), index)
        assert.isAtMost(Recent.size(recent), most)
        const last = new Set<number>()
        for (let at = index; at >= 0 && last.size < most / 2; at--) last.add(keys[at] ?? 0)
        for (const used of last) {
          assert.strictEqual(Recent.get(recent, String(used)), keys.lastIndexOf(used, index))
        }
      }
    }
  )
})

describe("a matcher", () => {
  const Text = Schema.Array(Schema.Literals(["a", "b", "A", " "])).check(Schema.isMaxLength(30))
  const Words = Schema.Array(
    Schema.Array(Schema.Literals(["a", "b"])).check(Schema.isMinLength(1), Schema.isMaxLength(5))
  ).check(Schema.isMaxLength(6))

  it.prop(
    "finds exactly the places where a pattern ends, in whatever pieces the text comes",
    [Text, Words],
    ([letters, lists]) => {
      const text = letters.join("")
      const words = [...new Set(lists.map((list) => list.join("")))]
      const matcher = new Matcher.Matcher(words.map((word) => ({ text: word, meaning: word })))
      const expected: Array<string> = []
      for (let end = 1; end <= text.length; end++) {
        for (const word of words) if (text.slice(0, end).toLowerCase().endsWith(word)) expected.push(`${word}@${end}`)
      }
      for (const cut of [0, Math.floor(text.length / 2), text.length]) {
        const found: Array<string> = []
        const state = matcher.search(text.slice(0, cut), Matcher.beginning, (word, end) => found.push(`${word}@${end}`))
        matcher.search(text.slice(cut), state, (word, end) => found.push(`${word}@${cut + end}`))
        assert.sameMembers(found, expected)
      }
    }
  )

  it("looks once at each character, also of a text that nearly matches all the time", () => {
    const matcher = new Matcher.Matcher([{ text: `${"a".repeat(200)}b`, meaning: 1 }])
    const looks: Array<number> = []
    const length = 1_000
    const charCodeAt = (index: number) => {
      looks.push(index)
      return 97
    }
    const text = { length, charCodeAt } as string
    matcher.search(text, Matcher.beginning, () => assert.fail("no match"))
    assert.deepStrictEqual(looks, [...Array(length).keys()])
  })
})

describe("a sketch", () => {
  const words = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => `word${Hash.ofText(`${from + index}`).toString(36)}`).join(" ")

  it("recognises what it knows in other spacing and case, counts it exactly, and knows nothing else", () => {
    const sketch = Sketch.add(Sketch.empty, words(1, 100), 4_096)
    assert.strictEqual(Sketch.copied(sketch, words(1, 100)), words(1, 100).replaceAll(" ", "").length)
    assert.strictEqual(
      Sketch.copied(sketch, words(1, 100).toUpperCase().replaceAll(" ", "-- ")),
      words(1, 100).replaceAll(" ", "").length
    )
    assert.strictEqual(Sketch.copied(sketch, words(5_000, 100)), 0)
    assert.strictEqual(Sketch.copied(sketch, words(1, 1)), 0)
  })

  it("never holds more than it may, and then still tells about how much was copied", () => {
    let sketch = Sketch.empty
    for (let part = 0; part < 10; part++) sketch = Sketch.add(sketch, words(part * 200, 200), 512)
    assert.isAtMost(sketch.size, 512)
    assert.isAtMost(sketch.table.length, 2_048)
    const copied = Sketch.copied(sketch, words(500, 1_000))
    const actual = words(500, 1_000).replaceAll(" ", "").length
    assert.isAbove(copied, actual / 2)
    assert.isBelow(copied, actual * 2)
    assert.strictEqual(Sketch.copied(sketch, words(90_000, 2_000)), 0)
  })

  it("stays as it was when another one is made of it", () => {
    const before = Sketch.add(Sketch.empty, words(1, 10), 4_096)
    const table = before.table.slice()
    Sketch.add(before, words(50, 10), 4_096)
    assert.deepStrictEqual(before.table, table)
    assert.strictEqual(Sketch.copied(before, words(50, 10)), 0)
  })
})

describe("a trickle", () => {
  const flow = (texts: ReadonlyArray<string>) => {
    let trickle = Trickle.empty
    const streams: Array<string> = []
    for (const text of texts) {
      const next = Trickle.add(trickle, "place", text)
      trickle = next.trickle
      streams.push(...next.streams.map(({ text }) => text))
    }
    return streams
  }
  const message = "the quick brown fox jumps"
  const pieces = message.replaceAll(" ", "").match(/.{1,2}/g) ?? []

  it("takes off the wrapping that all texts have, and leaves pieces that begin alike whole", () => {
    const plain = message.replaceAll(" ", "").slice(0, 16)
    assert.strictEqual(flow(pieces.slice(0, 8).map((piece) => `https://x/?q=${piece}&z=1`)).at(-1), plain)
    assert.strictEqual(flow(["<ab>", "<ac>", "<ad>", "<b>", "<e>", "<f>", "<g>", "<h>"]).at(-1), "abacadbefgh")
  })

  it("is looked at from the second piece on, and after the first eight at every eighth", () => {
    const texts = Array.from({ length: 32 }, (_, index) => String.fromCharCode(97 + (index % 26)))
    assert.deepStrictEqual(
      flow(texts).map(({ length }) => length),
      [2, 3, 4, 5, 6, 7, 8, 16, 24, 32]
    )
  })

  it("takes off numbers that all pieces begin with", () => {
    const plain = message.replaceAll(" ", "").slice(0, 16)
    assert.include(flow(pieces.slice(0, 8).map((piece, index) => `https://x/?n=${index}&q=${piece}`)), plain)
  })

  it("keeps places apart, and no more of them than it may", () => {
    let trickle = Trickle.empty
    for (let place = 0; place < 100; place++) trickle = Trickle.add(trickle, String(place), "text").trickle
    assert.lengthOf(trickle, 16)
  })
})

describe("a magnitude", () => {
  const tolerance = { deviations: 4, decades: 1.5 }
  const learned = (values: ReadonlyArray<number>) =>
    values.reduce((usual, value) => Magnitude.learn(usual, value, tolerance), Magnitude.empty)

  it("tolerates a factor of thirty where values never varied, and more where they do", () => {
    const constant = learned(Array.from({ length: 30 }, () => 100))
    assert.strictEqual(Magnitude.excess(constant, 2_500, tolerance), 0)
    assert.isAbove(Magnitude.excess(constant, 4_000, tolerance), 1.5)
    const wide = learned(Array.from({ length: 60 }, (_, index) => 10 ** (index % 6)))
    assert.strictEqual(Magnitude.excess(wide, 1_000_000, tolerance), 0)
  })

  it("is hardly moved by one huge value, and stays finite", () => {
    const usual = learned([...Array.from({ length: 30 }, () => 100), 1e300, Number.MAX_VALUE])
    assert.isAbove(Magnitude.excess(usual, 1e6, tolerance), 0)
    assert.isTrue(Number.isFinite(usual.mean) && Number.isFinite(usual.spread))
  })
})

describe("a reading", () => {
  it("has the texts, numbers and names of a Value text, with places that do not count items", () => {
    const reading = Reading.of('{"a":["x",{"b":2}],"when":{"$":["Map",[["k","v"]]]}}', 1_000)
    assert.deepStrictEqual(reading.texts, [
      { path: "/a/*", text: "x" },
      { path: "/when/*/*", text: "k" },
      { path: "/when/*/*", text: "v" }
    ])
    assert.deepStrictEqual(reading.quantities, [{ path: "/a/*/b", value: 2 }])
    assert.deepStrictEqual(reading.keys, ["a", "b", "when"])
  })

  it("tells when it left something out", () => {
    assert.isFalse(Reading.of('["x"]', 1_000).isPartial)
    assert.isTrue(Reading.of(JSON.stringify("x".repeat(2_000)), 1_000).isPartial)
    assert.isTrue(Reading.of(JSON.stringify(Array.from({ length: 20_000 }, () => 1)), 1_000_000).isPartial)
    assert.isTrue(Reading.of(`${"[".repeat(2_000)}${"]".repeat(2_000)}`, 1_000_000).isPartial)
  })
})
