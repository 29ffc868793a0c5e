import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { Account, Explanation } from "../../policy/Explain.ts"
import type { Decision } from "../../policy/Rule.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import * as PolicySource from "./Source.ts"
import { contextFlags, languageFlag, subjectFlags, subjectOf } from "./Subject.ts"

const colours = { deny: "red", ask: "yellow", allow: "green" } as const

/** A decision in its colour. */
export const decisionText = (decision: Decision, side: Side): string => side.paint(colours[decision], decision)

const outcomes: Readonly<Record<Account["outcome"], string>> = {
  decided: "decided",
  detected: "reports it",
  matched: "is about it too",
  else: "not about it"
}

const ruleLine = (file: string, { effect, outcome, position, rule, why }: Account, side: Side): string =>
  side.tame(`  ${outcomes[outcome].padEnd(15)}  ${effect.padEnd(6)}  ${rule}  (${file}:${position.line})  ${why}`)

const order: ReadonlyArray<Account["outcome"]> = ["decided", "matched", "detected", "else"]

const lines = (file: string, { commands, rules, uncertainties, verdict }: Explanation, side: Side) => {
  const by = verdict.rule === undefined ? "by default" : `by rule ${verdict.rule}`
  const sorted = rules.toSorted((left, right) => order.indexOf(left.outcome) - order.indexOf(right.outcome))
  return [
    `${decisionText(verdict.effect, side)} ${by}: ${side.tame(verdict.reason)}`,
    ...sorted.map((account) => ruleLine(file, account, side)),
    ...(commands.length === 0 ? [] : ["it runs:"]),
    ...commands.map((command) => side.tame(`  ${command}`)),
    ...uncertainties.map((why) => `${side.paint("yellow", "unclear")}: ${side.tame(why)}`)
  ]
}

/** `caisson policy explain`. */
export const explain = Command.make(
  "explain",
  { file: PolicySource.fileArgument, subject: subjectFlags, language: languageFlag, context: contextFlags },
  Effect.fnUntraced(function* ({ context, file, language, subject }) {
    const { json } = yield* root
    const { explain } = yield* Effect.promise(() => import("../../policy/Explain.ts"))
    const { out } = yield* Screen
    const asked = yield* subjectOf(subject, language)
    const policy = yield* PolicySource.load(file)
    const explanation = explain(policy, asked, context)
    yield* out.say(
      json ? JSON.stringify({ policy: policy.id, ...explanation }) : lines(file, explanation, out).join("\n")
    )
  })
).pipe(
  Command.withDescription(
    "Says what a policy makes of one call, command, file, connection or piece of code, by which rule, and why"
  ),
  Command.withExamples([
    {
      command: `caisson policy explain policy.yaml --call '{"method":"bank/pay","input":{"amount":500}}'`,
      description: "A call of a tool"
    },
    { command: "caisson policy explain policy.yaml --command 'rm -rf /' --tenant acme", description: "A command" },
    { command: "caisson policy explain policy.yaml --network 169.254.169.254:80", description: "A connection" },
    { command: "caisson policy explain policy.yaml --code 'os.system(x)' --language python", description: "Code" }
  ])
)
