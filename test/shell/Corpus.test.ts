import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import { describeVerdict, isGood, runCorpus, type Verdict } from "./corpus.ts"
import { run } from "./ours.ts"

const tier = QuickJs.layer({ key: new Uint8Array(32).fill(1), threads: 2 })

const counted = (verdicts: ReadonlyArray<Verdict>, judgement: Verdict["judgement"]) =>
  verdicts.filter((verdict) => verdict.judgement === judgement).length

layer(tier, { excludeTestServices: true })("the shell, compared with real bash", (it) => {
  it.effect(
    "S6 does what bash and the tools of Debian do, but for the differences that are written down",
    (context) =>
      Effect.gen(function* () {
        const verdicts = yield* runCorpus(run)
        assert.deepStrictEqual(verdicts.filter((verdict) => !isGood(verdict)).map(describeVerdict), [])
        const [same, documented] = [counted(verdicts, "same"), counted(verdicts, "documented")]
        context.annotate(`${same} scripts are as in bash, ${documented} differ as documented`)
        assert.isAtLeast(same, 250)
      }),
    180_000
  )
})
