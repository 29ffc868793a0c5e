import { assert, describe, it, vi } from "@effect/vitest"
import { Lookout } from "../../src/quickjs/Lookout.ts"

/** Looks out until it was in vain, with a clock that goes on by half a millisecond at every look. */
const inVain = (lookout: Lookout): number => {
  let looks = 1
  while (lookout.goesOn()) looks++
  return looks
}

const withClock = (body: () => void) => {
  let millis = 0
  vi.spyOn(performance, "now").mockImplementation(() => (millis += 0.5))
  try {
    body()
  } finally {
    vi.restoreAllMocks()
  }
}

const sleepsBeforeNext = (lookout: Lookout): number => {
  let sleeps = 0
  while (!lookout.begin()) sleeps++
  return sleeps
}

describe("the lookout", () => {
  it("gives up after three milliseconds, and doubles the times that it does not look at all", () =>
    withClock(() => {
      const lookout = new Lookout()
      assert.strictEqual(sleepsBeforeNext(lookout), 0)
      const sleeps = Array.from({ length: 8 }, () => {
        assert.strictEqual(inVain(lookout), 6)
        return sleepsBeforeNext(lookout)
      })
      assert.deepStrictEqual(sleeps, [2, 4, 8, 16, 32, 64, 64, 64])
    }))

  it("looks again every time once a message came while it looked", () =>
    withClock(() => {
      const lookout = new Lookout()
      lookout.begin()
      inVain(lookout)
      sleepsBeforeNext(lookout)
      lookout.end()
      assert.isTrue(lookout.begin())
      inVain(lookout)
      assert.strictEqual(sleepsBeforeNext(lookout), 2)
    }))
})
