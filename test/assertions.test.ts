import { assert, describe, it } from "@effect/vitest"
import { read, tests } from "./repository.ts"
import { evasions, tautologies, testsIn, withoutAssertion } from "./suites.ts"

const inEveryFile = (find: (file: string) => ReadonlyArray<string>): ReadonlyArray<string> =>
  tests.flatMap((file) => find(file).map((found) => `${file}: ${found}`))

describe("tests", () => {
  it("are seen by these checks", () => {
    assert.isAbove(tests.flatMap((file) => testsIn(read(file))).length, 20)
  })

  it("each assert something", () =>
    assert.deepStrictEqual(
      inEveryFile((file) => withoutAssertion(file, read)),
      []
    ))

  it("assert nothing that holds anyway", () =>
    assert.deepStrictEqual(
      inEveryFile((file) => tautologies(read(file))),
      []
    ))

  it("are left out only by a call of skip with its reason, and replace none of our modules", () =>
    assert.deepStrictEqual(
      inEveryFile((file) => evasions(read(file))),
      []
    ))
})

describe("these checks", () => {
  const module = (text: string) => (file: string) =>
    file === "test/harness.ts"
      ? "export const proves = (x: number) => assert.isTrue(x > 1)\nexport const make = 1"
      : text

  it("notice a test without an assertion", () => {
    const silent = [
      'it("runs", () => { run() })',
      'it.effect("runs", () => Effect.gen(function* () { yield* run }))',
      'it.each([1])("runs", (x) => { const seen: number = x; run(seen) })',
      'import { make } from "./harness.ts"\nit("runs", () => { make })',
      'it.prop("runs", [a], ([a]) => { run(a) })'
    ]
    for (const text of silent) assert.deepStrictEqual(withoutAssertion("test/a.test.ts", module(text)), ["runs"], text)
  })

  it("find an assertion where it stands", () => {
    const sound = [
      'it("runs", () => { expect(run()).toBe(1) })',
      'const shows = (x: number) => assert.isTrue(x > 1)\nit("runs", () => shows(run()))',
      'import { proves } from "./harness.ts"\nit("runs", () => proves(run()))',
      'it.effect("runs", () => run.pipe(Effect.map((x) => assert.isTrue(x))))',
      'it.prop("runs", [a], ([a]) => run(a) === a)',
      'it.layer(live)("group", (it) => { it.effect("runs", () => run.pipe(Effect.map(assert.isTrue))) })'
    ]
    for (const text of sound) assert.deepStrictEqual(withoutAssertion("test/a.test.ts", module(text)), [], text)
  })

  it("tell what holds anyway from what is tested", () => {
    const empty = [
      "assert.isTrue(true)",
      "expect(true).toBe(true)",
      "assert.strictEqual(-1, 1 as number)",
      "assert.deepStrictEqual({ a: [1] }, { a: [1] })",
      "assert.strictEqual(x.y, x.y)"
    ]
    for (const text of empty) assert.lengthOf(tautologies(text), 1, text)
    const full = ["assert.isTrue(x)", "assert.strictEqual(f(1), f(1))", 'assert.fail("never")', "expect(x).toBe(true)"]
    for (const text of full) assert.lengthOf(tautologies(text), 0, text)
  })

  it("notice what is left out", () => {
    const hidden = [
      "it.skip('a', f)",
      "describe.only('a', f)",
      "it.effect.skip('a', f)",
      "it.todo('a')",
      "vi.mock('./a.ts')"
    ]
    for (const text of hidden) assert.lengthOf(evasions(text), 1, text)
    assert.lengthOf(evasions("it('a', (context) => context.skip(isOld, 'needs a newer kernel'))"), 0)
  })
})
