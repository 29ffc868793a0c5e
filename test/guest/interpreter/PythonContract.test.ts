import { layer } from "@effect/vitest"
import { describe } from "vitest"
import { calls } from "../../contract/machine/Calls.ts"
import { runs } from "../../contract/machine/Runs.ts"
import { lacking, tier } from "./interpreters.ts"
import { pythonPrograms } from "./pythonPrograms.ts"

const reason = lacking("python")

describe.skipIf(reason !== undefined)(
  `programs in Python${reason === undefined ? "" : `, left out: ${reason}`}`,
  () => {
    layer(tier("python"), { excludeTestServices: true })("", (it) => {
      calls(it, pythonPrograms)
      runs(it, pythonPrograms)
    })
  }
)
