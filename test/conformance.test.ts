import { assert, describe, it } from "@effect/vitest"
import { read } from "./repository.ts"
import { titles } from "./suites.ts"

/** The behaviours that every tier must show, by group: how many each group has. */
const groups: Readonly<Record<string, number>> = { P: 15, C: 22, B: 14, T: 18, F: 9, S: 7, O: 14, A: 8, I: 5 }

/** What this release does not show, and why. */
const absent: Readonly<Record<string, string>> = {
  I1: "there are no adapters to foreign tool formats yet",
  I4: "there are no adapters to foreign tool formats yet"
}

const ids = Object.entries(groups).flatMap(([group, size]) =>
  Array.from({ length: size }, (_, index) => `${group}${index + 1}`)
)

/** The ids that a title begins with: `B11 …`, `C3 C4 …` or `T2, T3: …`. */
const idsOf = (title: string): ReadonlyArray<string> =>
  (/^(?:[A-Z]\d+\b[\s,:]*)+/.exec(title)?.[0] ?? "").match(/[A-Z]\d+/g) ?? []

const shown = new Set(titles(read).flatMap(idsOf))

describe("conformance", () => {
  it("is read off the titles of tests", () => {
    assert.deepStrictEqual(idsOf("B11 budget is never overspent under Promise.all"), ["B11"])
    assert.deepStrictEqual(idsOf("C3 C4, C10: in, not in and subsumption"), ["C3", "C4", "C10"])
    assert.deepStrictEqual(idsOf("a budget of B11"), [])
  })

  it("has a test for every behaviour that this release claims", () => {
    assert.deepStrictEqual(
      ids.filter((id) => !shown.has(id) && absent[id] === undefined),
      []
    )
  })

  it("excuses no behaviour that has a test", () => {
    assert.deepStrictEqual(
      Object.keys(absent).filter((id) => shown.has(id)),
      []
    )
  })
})
