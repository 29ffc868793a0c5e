import { layer } from "@effect/vitest"
import { assert, it } from "vitest"
import { calls } from "../../contract/machine/Calls.ts"
import { runs } from "../../contract/machine/Runs.ts"
import { lacking, needs, tier } from "./interpreters.ts"
import { pythonPrograms } from "./pythonPrograms.ts"

const reason = lacking("python")

if (reason === undefined) {
  layer(tier("python"), { excludeTestServices: true })("programs in Python", (it) => {
    calls(it, pythonPrograms)
    runs(it, pythonPrograms)
  })
} else {
  it("programs in Python", (context) => {
    needs(context, "python")
    assert.isUndefined(reason)
  })
}
