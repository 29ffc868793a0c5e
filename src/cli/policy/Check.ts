import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { Warning } from "../../policy/Lint.ts"
import type { Policy } from "../../policy/Policy.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import * as PolicySource from "./Source.ts"

const warningLine = (file: string, { kind, position, rule, text }: Warning, side: Side): string => {
  const place = `${file}:${position.line}:${position.column}`
  const about = rule === undefined ? "" : ` rule ${rule}`
  return `${side.paint("yellow", "warning:")} ${side.tame(`${place}:${about} is ${kind}: ${text}`)}`
}

const summary = ({ cases, defaults, id, name, rules }: Policy, side: Side): string => {
  const stand = Object.entries(defaults).map(([kind, decision]) => `${kind} ${decision}`)
  return [
    `${side.paint("green", "usable")}: ${side.tame(name)}, ${rules.length} rules, ${cases.length} cases`,
    `version ${id}`,
    `what no rule is about: ${stand.join(", ")}`
  ].join("\n")
}

/** `caisson policy check`. */
export const check = Command.make(
  "check",
  { file: PolicySource.fileArgument },
  Effect.fnUntraced(function* ({ file }) {
    const { json } = yield* root
    const { lint } = yield* Effect.promise(() => import("../../policy/Lint.ts"))
    const { notes, out } = yield* Screen
    const policy = yield* PolicySource.load(file)
    const warnings = lint(policy)
    const { defaults, id, name, rules } = policy
    if (json) {
      yield* out.say(JSON.stringify({ file, status: "usable", id, name, rules: rules.length, defaults, warnings }))
      return
    }
    for (const warning of warnings) yield* notes.say(warningLine(file, warning, notes))
    yield* out.say(summary(policy, out))
  })
).pipe(
  Command.withDescription(
    "Reads a policy, and says what is wrong with it and which rules cannot do what they seem to be for: 0 if it is usable, 1 if not"
  )
)
