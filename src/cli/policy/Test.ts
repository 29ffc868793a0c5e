import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { Tried } from "../../policy/Case.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import { decisionText } from "./Explain.ts"
import * as PolicySource from "./Source.ts"

const by = (rule: string | undefined): string => (rule === undefined ? "" : ` by rule ${rule}`)

const caseLine = (file: string, { case: { expect, name, position, rule }, passed, verdict }: Tried, side: Side) => {
  if (passed) return `${side.paint("green", "passed")}  ${side.tame(name)}`
  const got = `${decisionText(verdict.effect, side)}${by(verdict.rule)}`
  const wanted = `${decisionText(expect, side)}${by(rule)}`
  return [
    `${side.paint("red", "failed")}  ${side.tame(name)}  (${side.tame(file)}:${position.line})`,
    `        expected ${wanted}, got ${got}: ${side.tame(verdict.reason)}`
  ].join("\n")
}

const caseJson = ({ case: { expect, name, position, rule }, passed, verdict }: Tried) => ({
  name,
  passed,
  position,
  expect,
  ...(rule === undefined ? {} : { rule }),
  verdict
})

/** `caisson policy test`. */
export const test = Command.make(
  "test",
  { file: PolicySource.fileArgument },
  Effect.fnUntraced(function* ({ file }) {
    const { json } = yield* root
    const { tryAll } = yield* Effect.promise(() => import("../../policy/Case.ts"))
    const { out } = yield* Screen
    const tried = tryAll(yield* PolicySource.load(file))
    const failures = tried.filter(({ passed }) => !passed).length
    if (json) {
      const counts = { passed: tried.length - failures, failed: failures }
      yield* out.say(JSON.stringify({ file, ...counts, cases: tried.map(caseJson) }))
    } else {
      const lines = tried.map((one) => caseLine(file, one, out))
      yield* out.say([...lines, `${tried.length - failures} of ${tried.length} cases passed`].join("\n"))
    }
    if (failures > 0) return yield* PolicySource.failed
  })
).pipe(Command.withDescription("Decides on the cases in a policy's file: 0 if all are as expected, 1 if not"))
