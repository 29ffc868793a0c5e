import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { TemplateError } from "../../template/TemplateError.ts"
import { exitCodes } from "../ExitCode.ts"
import { sizeOf } from "../files/Text.ts"
import { Ended } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as Place from "./Place.ts"

interface Row {
  readonly name: string
  readonly tier?: string
  readonly languages?: ReadonlyArray<string>
  readonly state: string
  /** What is wrong with its file. */
  readonly problem?: string
  readonly bytes?: number
  readonly madeAt?: string
}

const rowOf = Effect.fnUntraced(
  function* (directories: ReadonlyArray<string>, name: string) {
    const Registry = yield* Effect.promise(() => import("../../template/Registry.ts"))
    const Text = yield* Effect.promise(() => import("./Text.ts"))
    const template = yield* Registry.findIn(directories, name)
    const { files, madeMillis, state } = yield* Text.standingOf(template)
    return {
      name,
      tier: template.tier,
      languages: template.languages,
      state,
      ...(files === undefined ? {} : { bytes: Text.sizeOfAll(files) }),
      ...(madeMillis === undefined ? {} : { madeAt: Text.timeOf(madeMillis) })
    } satisfies Row as Row
  },
  // One that cannot be read is no reason not to tell of the others.
  (row, _, name) =>
    Effect.catchTag(row, "TemplateError", ({ message }: TemplateError) =>
      Effect.succeed<Row>({ name, state: "unusable", problem: message })
    )
)

/** `caisson template list`. */
export const list = Command.make(
  "list",
  { templates: Place.templatesFlag },
  Effect.fnUntraced(function* ({ templates: given }) {
    const { json } = yield* root
    const Registry = yield* Effect.promise(() => import("../../template/Registry.ts"))
    const Text = yield* Effect.promise(() => import("./Text.ts"))
    const { notes, out } = yield* Screen
    const directories = yield* Place.directories(given)
    const rows = yield* Effect.gen(function* () {
      const names = yield* Registry.namesIn(directories)
      return yield* Effect.forEach(names, (name) => rowOf(directories, name))
    }).pipe(Effect.provide(Place.layer))
    const cells = rows.map(({ bytes, languages = [], madeAt = "", name, state, tier = "" }) => [
      name,
      tier,
      languages.join(", "),
      state,
      bytes === undefined ? "" : sizeOf(bytes),
      madeAt
    ])
    if (json) yield* out.say(JSON.stringify({ templates: rows }))
    else for (const line of Text.table(cells)) yield* out.say(line)
    if (rows.length === 0) yield* notes.say(notes.tame(`there are no templates in ${directories.join(" and ")}`))
    const problems = rows.flatMap(({ problem }) => problem ?? [])
    for (const problem of problems) yield* notes.say(notes.tame(problem))
    if (problems.length > 0) return yield* new Ended({ exitCode: exitCodes.usage.code })
  })
).pipe(
  Command.withDescription(
    "Lists templates: tier, languages, whether their image is built, what it takes on the disk, and when it was built; with 64 if one cannot be used"
  )
)
