/** The interpreter of Python, as tests have it. */
import { spawnSync } from "node:child_process"
import { Effect, Result } from "effect"
import type { TestContext } from "vitest"
import * as Value from "../../../src/tool/Value.ts"
import { expectTag } from "../../contract/machine/Steps.ts"
import { interpreter, needs, runner } from "./interpreters.ts"

export const python = Effect.fnUntraced(function* (context: TestContext, rest: Parameters<typeof interpreter>[1] = {}) {
  needs(context, "python")
  const made = yield* interpreter(["python"], rest)
  return { ...made, run: runner("python", made) }
})

export const needsModules = (context: TestContext, ...modules: ReadonlyArray<string>) => {
  const { status } = spawnSync("python3", ["-c", `import ${modules.join(", ")}`])
  context.skip(status !== 0, `python3 has no ${modules.join(", ")}`)
}

/** What a run has come to, as the host has it. */
export const valueOf = (turn: Parameters<typeof expectTag>[0]): unknown =>
  Result.getOrThrow(Value.decode(expectTag(turn, "Completed").value))
