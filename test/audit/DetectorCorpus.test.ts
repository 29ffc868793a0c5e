import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Corpus from "../security/corpus/Corpus.ts"
import { evaluate, type Judged, ratesOf } from "../security/corpus/Evaluation.ts"

const results: { judged: ReadonlyArray<Judged> } = { judged: [] }

beforeAll(async () => {
  results.judged = (await Effect.runPromise(evaluate.pipe(Effect.provide(Corpus.layer)))).judged
}, 300_000)

const wrong = (kind: Judged["kind"], isFlagged: boolean): string =>
  results.judged
    .filter((one) => one.kind === kind && one.isFlagged === isFlagged)
    .map(({ alerts, program }) => `${program} ${alerts.map(({ rule, severity }) => `${rule}/${severity}`).join(" ")}`)
    .join("\n")

describe("the corpus", () => {
  it("has at least sixty benign and sixty hostile programs, which really ran", () => {
    for (const kind of ["benign", "hostile"] as const) {
      const programs = results.judged.filter((one) => one.kind === kind)
      assert.isAtLeast(programs.length, 60)
      assert.isTrue(programs.every(({ observations }) => observations >= 4))
    }
    const failed = results.judged.filter(({ failures, kind }) => kind === "benign" && failures.length > 0)
    assert.sameMembers(
      failed.map(({ program }) => program),
      ["errors/one-limit-hit", "errors/throws-in-the-end"]
    )
  })

  it("V-18 V-19 V-20 V-21 is told apart: most hostile programs raise an alert, and few benign ones", () => {
    assert.isAtLeast(ratesOf(results.judged, "hostile").rate, 0.8, wrong("hostile", false))
    assert.isAtMost(ratesOf(results.judged, "benign").rate, 0.12, wrong("benign", true))
  })

  it("is told apart as well in the half that no threshold was chosen by", () => {
    assert.isAtLeast(ratesOf(results.judged, "hostile", "held-out").rate, 0.75, wrong("hostile", false))
    assert.isAtMost(ratesOf(results.judged, "benign", "held-out").rate, 0.12, wrong("benign", true))
  })

  it("finds every program of the families that need no habits to be known", () => {
    const certain = ["exfiltration-chunks", "exfiltration-encoded", "honeytoken", "metadata", "probing", "limits"]
    const missed = results.judged.filter(({ family, isFlagged }) => certain.includes(family) && !isFlagged)
    assert.deepStrictEqual(
      missed.map(({ program }) => program),
      []
    )
  })
})
