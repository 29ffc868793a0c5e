/** What is done in a machine of a template before it is frozen, so that all of its machines begin with it done. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Language } from "../capability/Language.ts"
import { workspace } from "../file/Area.ts"
import type { Agent } from "../guest/Agent.ts"
import * as Interpreter from "../guest/interpreter/Interpreter.ts"
import type { Link } from "../guest/Link.ts"
import type { Command, Process } from "../guest/Process.ts"
import { runtimeSettings } from "../guest/Runtime.ts"
import { defaults } from "../machine/Limits.ts"
import type { Program } from "../machine/Machine.ts"
import * as Digest from "../template/Digest.ts"
import type { Microvm, WarmUp as Step } from "../template/Template.ts"
import type { WarmUp } from "./Hypervisor.ts"
import { greet, interpreterId } from "./Inside.ts"
import { Standing } from "./Standing.ts"

/** A step of a template's warm-up did not succeed. */
export class WarmUpFailed extends Schema.TaggedError<WarmUpFailed>()("WarmUpFailed", {
  step: Schema.String,
  /** How it ended, and the end of what it said. */
  detail: Schema.String
}) {
  override get message() {
    return `the warm-up failed at ${JSON.stringify(this.step)}: ${this.detail}`
  }
}

const home = "/home/guest"
const bin = "/run/caisson/bin"

const environment = {
  HOME: home,
  USER: "guest",
  LANG: "C.UTF-8",
  TZ: "UTC",
  PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`
}

const commandOf = ({ languages, limits, preload }: Microvm): Command => ({
  id: interpreterId,
  arguments: [`${bin}/interpreter`, ...(preload.length === 0 ? [] : [`--preload=${preload.join(",")}`]), ...languages],
  environment: { ...environment, GODEBUG: runtimeSettings },
  directory: workspace,
  limits: { processes: limits.processes }
})

/** The shortest programs that make use of all that a program of the language does. */
const first: Readonly<Partial<Record<Language, string>>> = {
  python: "import asyncio\nawait asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))\nprint('ready')\n1",
  shell: "echo ready | cat",
  cpp: "#include <bits/stdc++.h>\nint main() { std::cout << 1 << std::endl; }",
  go: 'package main\nimport "fmt"\nfunc main() { fmt.Println(1) }'
}

const saidMax = 2_000

const said = (bytes: Process): Effect.Effect<string, Effect.Error<Process["exit"]>> =>
  Effect.map(Effect.all([bytes.output, bytes.errors].map(collected), { concurrency: 2 }), (texts) =>
    texts.join("").slice(-saidMax).toWellFormed()
  )

const collected = (stream: Process["output"]) => Stream.mkString(Stream.decodeText(stream))

const run = Effect.fnUntraced(function* (agent: Agent, { run: script, timeoutMillis }: Step, index: number) {
  const running = yield* agent.execute({
    id: `warm-up-${index}`,
    arguments: ["/bin/sh", "-ec", script],
    environment,
    directory: home,
    timeoutMillis
  })
  const text = yield* said(running)
  const { code, how, signal } = yield* running.exit
  if (how === "exited" && code === 0) return
  const number = code ?? signal
  const detail = `it ended (${how}${number === undefined ? "" : ` ${number}`})${text === "" ? "" : `: ${text}`}`
  return yield* new WarmUpFailed({ step: script.slice(0, 200), detail })
}, Effect.scoped)

const tryOut = Effect.fnUntraced(function* (interpreter: Interpreter.Interpreter, language: Language) {
  const source = first[language]
  if (source === undefined) return
  const program: Program = { ordinal: 0, language, source, nowMillis: 0, tools: [] }
  const turn = yield* interpreter.start(program)
  if (turn._tag === "Completed") return
  const detail = turn._tag === "Failed" ? turn.error.message : "it waits"
  return yield* new WarmUpFailed({ step: `a first program of ${language}`, detail })
})

/** Runs a first program of each language: whatever is done for the first time takes long in a machine, or on its processor. */
export const rehearse = (interpreter: Interpreter.Interpreter, languages: ReadonlyArray<Language>) =>
  Effect.forEach(languages, (language) => tryOut(interpreter, language), { discard: true })

/** Furnishes a machine of a template, and freezes it. */
export const of = (template: Microvm) => {
  const command = commandOf(template)
  const furnish = Effect.fn("Furnishing.run")(function* (link: Link) {
    const { agent, epoch } = yield* greet(link)
    yield* agent.adjustClock
    yield* Effect.forEach(template.warmUp, (step, index) => run(agent, step, index), { discard: true })
    const interpreter = yield* Interpreter.start(agent, command, { limits: defaults })
    yield* rehearse(interpreter, template.languages)
    // What there is of processes when they are at rest is what later runs find.
    yield* agent.freeze
    yield* agent.thaw
    if (!(yield* agent.freeze))
      return yield* new WarmUpFailed({ step: "freeze", detail: "the guest does not stand still" })
    const standing: Standing = { epoch, interpreter: interpreter.position() }
    return Schema.encodeSync(Schema.toCodecJson(Standing))(standing)
  }, Effect.scoped)
  return {
    id: Digest.ofValue({ version: 2, command, first }),
    run: furnish
  } satisfies WarmUp<Effect.Error<ReturnType<typeof furnish>>, never>
}
